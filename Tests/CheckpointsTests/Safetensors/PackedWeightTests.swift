import Basics
import Checkpoints
import TestSupport
import Testing

/// Weights packed by MLX and in gpt-oss's layout, dequantised here according to the format definitions in `WeightFormat`
/// and compared with the values that MLX and transformers dequantise.
@Suite struct PackedWeightTests {
  @Test(arguments: ["mlx", "gpt-oss"]) func dequantisesToTheReferenceValues(folder: String) throws {
    let checkpoint = try Checkpoint.open(Fixture.path("safetensors/\(folder)"))
    let expected = try #require(try Fixture.json("safetensors/\(folder)/expected.json").asObject)
    for (name, entry) in expected {
      let weight = try checkpoint.weight(name)
      #expect(weight.shape == (try entry.array("shape")).compactMap(\.asInteger))
      #expect(checkpoint.shape(name) == weight.shape)
      let values = try entry.array("values").compactMap { $0.asNumber.map { Float($0) } }
      let found = try dequantised(weight)
      #expect(found.count == values.count)
      // MLX dequantises in the precision of the scales; bfloat16 has 8 significant bits.
      let tolerance: Float =
        if case .affine(_, _, let type) = weight.format, type != .float32 { 2e-2 } else { 1e-6 }
      for (a, b) in zip(found, values) where abs(a - b) > tolerance * max(1, abs(b)) {
        Issue.record("\(name): \(a) should be \(b)")
        break
      }
    }
  }

  @Test func weightsHaveTheDeclaredFormats() throws {
    let checkpoint = try Checkpoint.open(Fixture.path("safetensors/mlx"))
    let formats: [String: WeightFormat] = [
      "a": .affine(bits: 4, groupSize: 64, scale: .float32),
      "b": .affine(bits: 8, groupSize: 32, scale: .float16),
      "c": .affine(bits: 4, groupSize: 128, scale: .bfloat16),
      "d": .affine(bits: 8, groupSize: 64, scale: .float32), "x": .mxfp4Planar, "plain": .float32,
    ]
    for (name, format) in formats { #expect(try checkpoint.weight(name).format == format) }
    #expect(
      checkpoint.names.sorted()
        == ["a", "b", "c", "d", "e", "f", "plain", "x"].flatMap {
          $0 == "plain" ? ["plain.bias", "plain.weight"] : [$0 + ".weight"]
        })
    let gptOss = try Checkpoint.open(Fixture.path("safetensors/gpt-oss"))
    #expect(Set(gptOss.names) == ["experts.down_proj", "experts.down_proj_bias"])
    #expect(gptOss.quantizationLabel == "MXFP4")
    #expect(gptOss.parameters == 2 * 4 * 96 + 8)
  }

  /// Different contradictions between config.json and the planes.
  @Test(arguments: [
    (#"{"group_size": 64, "bits": 8}"#, FileError.Kind.damaged),
    (#"{"group_size": 32, "bits": 4}"#, .damaged),
    (#"{"group_size": 64, "bits": 4, "a": false}"#, .damaged),
    (#"{"group_size": 32, "bits": 4, "mode": "mxfp4"}"#, .damaged),
    (#"{"group_size": 64, "bits": 4, "mode": "nvfp4"}"#, .unsupported),
    (#"{"group_size": 16, "bits": 4, "mode": "nvfp4"}"#, .damaged),
    (#"{"group_size": 64, "bits": 4, "mode": "nf4"}"#, .unsupported),
    (#"{"group_size": 0, "bits": 4}"#, .unsupported),
    (#"{"group_size": 9223372036854775807, "bits": 4}"#, .unsupported),
    (#"{"group_size": 64, "bits": -4}"#, .unsupported),
    (#"{"group_size": "64", "bits": 4}"#, .unsupported),
    (#"{}"#, .incomplete), (#"null"#, .incomplete), (#"[1]"#, .incomplete),
  ])
  func contradictions(quantization: String, kind: FileError.Kind) throws {
    let folder = try TemporaryFolder()
    try folder.copy("safetensors/mlx", to: "model")
    try folder.write("model/config.json", "{\"quantization\": \(quantization)}")
    let checkpoint = try Checkpoint.open(folder.path + "/model")
    let error = #expect(throws: FileError.self) { try checkpoint.weight("a") }
    #expect(error?.kind == kind)
    #expect(try checkpoint.weight("plain").format == .float32)
  }

  @Test func acceptsTheOlderConfigurationKey() throws {
    let folder = try TemporaryFolder()
    try folder.copy("safetensors/mlx", to: "model")
    let quantization = try #require(try Fixture.json("safetensors/mlx/config.json")["quantization"])
    try folder.write("model/config.json", (["quantization_config": quantization] as JSON).text())
    let checkpoint = try Checkpoint.open(folder.path + "/model")
    #expect(try checkpoint.weight("b").format == .affine(bits: 8, groupSize: 32, scale: .float16))
  }

  // The format definitions.

  private func dequantised(_ weight: Weight) throws -> [Float] {
    let values = weight.values.array
    let scales = try #require(weight.scales).array
    let columns = weight.columns
    return (0..<weight.shape.reduce(1, *)).map { index in
      switch weight.format {
      case .mxfp4Planar:
        let nibble = values[index / 2] >> (index % 2 == 0 ? 0 : 4) & 15
        let magnitudes: [Float] = [0, 0.5, 1, 1.5, 2, 3, 4, 6]
        let scale = Float(sign: .plus, exponent: Int(scales[index / 32]) - 127, significand: 1)
        return (nibble & 8 == 0 ? 1 : -1) * magnitudes[Int(nibble & 7)] * scale
      case .affine(let bits, let groupSize, let type):
        let row = index / columns
        let start = row * columns * bits + index % columns * bits
        let q = (0..<bits).reduce(0) { $0 | Int(values[(start + $1) / 8] >> ((start + $1) % 8) & 1) << $1 }
        let biases = weight.biases?.array ?? []
        return number(scales, index / groupSize, type) * Float(q) + number(biases, index / groupSize, type)
      default: return .nan
      }
    }
  }

  private func number(_ plane: [UInt8], _ index: Int, _ type: WeightFormat.ScaleType) -> Float {
    plane.withUnsafeBytes {
      switch type {
      case .float32: return Float(bitPattern: $0.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self))
      case .bfloat16:
        let bits = $0.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self)
        return Float(bitPattern: UInt32(bits) << 16)
      case .float16:
        let bits = $0.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self)
        let exponent = Int(bits >> 10 & 31)
        let fraction = Float(bits & 1023) / 1024
        let magnitude = Float(sign: .plus, exponent: max(1, exponent) - 15, significand: 1)
        return (bits >> 15 == 0 ? 1 : -1) * magnitude * (exponent == 0 ? fraction : 1 + fraction)
      }
    }
  }
}
