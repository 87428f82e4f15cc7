import Basics
import Checkpoints
import Compute
import Foundation
import Models
import Quantization
import TestSupport
import Testing

/// Falcon-H1, whose weights mlx-lm multiplies by factors on the way. Tests/Scripts/check_quantize.py compares the bits.
@Suite struct FalconH1QuantizationTests {
  /// The logits of 8-bit weights are those of transformers up to the error of the bits.
  @Test(arguments: ["falcon-h1", "falcon-h1-bf16"])
  func theLogitsAreThoseOfTheModel(name: String) throws {
    let folder = try TemporaryFolder()
    let model = try write(name, to: folder)
    #expect(try QuantizedModel.error(of: model, from: name) < 0.05)
  }

  /// A layer that is not quantised: the factor and the product are both rounded to bfloat16.
  @Test func factorsAreRoundedToTheTypeOfTheWeight() throws {
    let folder = try TemporaryFolder()
    let name = "model.layers.1.feed_forward.down_proj.weight"
    let found = try bits(write("falcon-h1-bf16", to: folder).weight(name))
    let factor = Self.rounded(0.5859375)
    let expected = try bits(open("falcon-h1-bf16").weight(name)).map { bits in
      UInt16(Self.rounded(Float(bitPattern: UInt32(bits) << 16) * factor).bitPattern >> 16)
    }
    #expect(found == expected)
  }

  /// mlx-lm's versions without quantisation have the factors already.
  @Test func convertedWeightsAreNotMultipliedAgain() throws {
    for (shape, isMultiplied) in [([4, 1, 3], true), ([4, 3, 1], false)] {
      let folder = try TemporaryFolder()
      let config = try Data(
        contentsOf: URL(filePath: Repository.tinyModel("falcon-h1").path + "/config.json"))
      try config.write(to: URL(filePath: folder.path + "/config.json"))
      let writer = try SafetensorsWriter(
        folder.path + "/model.safetensors",
        [
          .float32("model.layers.0.mamba.conv1d.weight", shape),
          .float32("model.layers.0.self_attn.q_proj.weight", [2, 2]),
        ])
      try writer.append([Float](repeating: 1, count: 16))
      try writer.finish()
      let tensors = try Registry.mlxTensors(Checkpoint.open(folder.path))
      let layer = try #require(tensors.first { $0.name.hasSuffix("q_proj.weight") })
      #expect(layer.tensor.parts[0].factors == (isMultiplied ? [[0.9488]] : []))
    }
  }

  /// Biases, which mlx-lm does not multiply, and missing or wrong factors.
  @Test(
    arguments: [
      ["attention_bias": true], ["mlp_bias": true], ["embedding_multiplier": nil],
      ["ssm_multipliers": [1, 2]], ["mlp_multipliers": [1]], ["mamba_d_ssm": 1_048_576],
    ] as [JSON])
  func otherSettingsAreRefused(changes: JSON) throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/source"
    try FileManager.default.copyItem(atPath: Repository.tinyModel("falcon-h1").path, toPath: path)
    var object = try #require(Checkpoint.open(path).configuration?.asObject)
    for (key, value) in changes.asObject ?? JSONObject() { object[key] = value }
    try FileManager.default.removeItem(atPath: path + "/config.json")
    try Data(JSON.object(object).text().utf8).write(to: URL(filePath: path + "/config.json"))
    let target = try QuantizationTarget(name: "q4", group: 32)
    #expect(throws: ModelError.self) { try ModelQuantization(Checkpoint.open(path), to: target) }
  }

  private func open(_ name: String) throws -> Checkpoint {
    try Checkpoint.open(Repository.tinyModel(name).path)
  }

  private func write(_ name: String, to folder: TemporaryFolder) throws -> Checkpoint {
    try QuantizedModel.write(Repository.tinyModel(name).path, to: folder.path + "/out")
  }

  /// To bfloat16, halves to even.
  private static func rounded(_ number: Float) -> Float {
    let bits = number.bitPattern
    return Float(bitPattern: (bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF_0000)
  }

  private func bits(_ weight: Weight) throws -> [UInt16] {
    try #require(weight.format == .bfloat16)
    return weight.values.withUnsafeBytes { bytes in
      stride(from: 0, to: bytes.count, by: 2).map { bytes.loadUnaligned(fromByteOffset: $0, as: UInt16.self) }
    }
  }
}
