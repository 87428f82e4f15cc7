import Basics
import Checkpoints
import TestSupport
import Testing

/// FP8, GPTQ and AWQ tensors whose settings or shapes are contradictory or not supported. That the supported ones are
/// read as other libraries read them is shown by the tiny models of ModelsTests.
@Suite struct ForeignQuantizationTests {
  /// A model whose tensors are zeros, except for `g_idx`, which ascends by `step`.
  private static func model(
    _ tensors: [(name: String, type: String, shape: [Int])], settings: String, step: Int = 0
  ) throws -> (TemporaryFolder, Checkpoint) {
    let folder = try TemporaryFolder()
    var entries: [String] = [], data: [UInt8] = []
    for (name, type, shape) in tensors {
      let size = ["F8_E4M3": 1, "U8": 1, "F16": 2, "F32": 4, "I32": 4][type] ?? 1, count = shape.reduce(1, *)
      let bytes = (0..<count).flatMap { index in
        (0..<size).map { byte in
          name.hasSuffix("g_idx") ? UInt8(truncatingIfNeeded: (index * step / 32) >> (8 * byte)) : 0
        }
      }
      entries.append(
        #""\#(name)": {"dtype": "\#(type)", "shape": \#(shape), "data_offsets": [\#(data.count), \#(data.count + bytes.count)]}"#
      )
      data += bytes
    }
    let header = Array("{\(entries.joined(separator: ", "))}".utf8)
    let length = (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) }
    try folder.write("m/model.safetensors", length + header + data)
    try folder.write("m/config.json", #"{"model_type": "llama", "quantization_config": \#(settings)}"#)
    return (folder, try Checkpoint.open(folder.path + "/m"))
  }

  private static func gptq(bits: Int = 4, inputs: Int = 64, outputs: Int = 16) -> [(
    name: String, type: String, shape: [Int]
  )] {
    [
      ("a.qweight", "I32", [inputs * bits / 32, outputs]),
      ("a.qzeros", "I32", [inputs / 32, outputs * bits / 32]),
      ("a.scales", "F16", [inputs / 32, outputs]), ("a.g_idx", "I32", [inputs]),
    ]
  }

  @Test func aZeroPointFormatIsOneWeight() throws {
    let (_, checkpoint) = try Self.model(
      Self.gptq(), settings: #"{"quant_method": "gptq", "bits": 4, "group_size": 32}"#, step: 1)
    #expect(checkpoint.names == ["a.weight"])
    #expect(checkpoint.quantizationLabel == "GPTQ 4-bit g32")
    let weight = try checkpoint.weight("a")
    #expect(weight.shape == [16, 64] && checkpoint.shape("a") == [16, 64])
    #expect(weight.format == .zeroPoint(bits: 4, groupSize: 32, scale: .float16))
    // GPTQ's first version subtracted 1 from the zero points.
    #expect(weight.biases?.array == Array(repeating: 1, count: 32))
  }

  @Test(arguments: [
    (#"{"quant_method": "gptq", "bits": 4}"#, 2, FileError.Kind.unsupported, "act-order"),
    (#"{"quant_method": "gptq", "bits": 3}"#, 1, .unsupported, "3 bits"),
    (#"{"quant_method": "gptq", "bits": 8}"#, 1, .damaged, "do not match"),
    (#"{"quant_method": "gptq", "bits": -1}"#, 1, .unsupported, "-1 bits"),
  ])
  func gptqIsRefused(_ settings: String, _ step: Int, _ kind: FileError.Kind, _ text: String) throws {
    let (_, checkpoint) = try Self.model(Self.gptq(), settings: settings, step: step)
    let error = #expect(throws: FileError.self) { try checkpoint.weight("a") }
    #expect(error?.kind == kind && error?.description.contains(text) == true, "\(String(describing: error))")
  }

  @Test func otherLayoutsOfAWQAreRefused() throws {
    let tensors = [
      (name: "a.qweight", type: "I32", shape: [64, 2]), ("a.qzeros", "I32", [2, 2]),
      ("a.scales", "F16", [2, 16]),
    ]
    let (_, gemm) = try Self.model(
      tensors, settings: #"{"quant_method": "awq", "bits": 4, "version": "gemm"}"#)
    #expect(try gemm.weight("a").shape == [16, 64])
    #expect(gemm.quantizationLabel == "AWQ 4-bit g32")
    let (_, gemv) = try Self.model(
      tensors, settings: #"{"quant_method": "awq", "bits": 4, "version": "gemv"}"#)
    let error = #expect(throws: FileError.self) { try gemv.weight("a") }
    #expect(error?.kind == .unsupported && error?.description.contains("gemv") == true)
  }

  /// transformers and mlx-lm have AWQ with 4 bits only, so that nothing tells how other words are ordered.
  @Test(arguments: [2, 3, 8]) func otherWidthsOfAWQAreRefused(_ bits: Int) throws {
    let (_, checkpoint) = try Self.model(
      [
        (name: "a.qweight", type: "I32", shape: [64, 16 * bits / 32]),
        ("a.qzeros", "I32", [2, 16 * bits / 32]), ("a.scales", "F16", [2, 16]),
      ], settings: "{\"quant_method\": \"awq\", \"bits\": \(bits), \"version\": \"gemm\"}")
    let error = #expect(throws: FileError.self) { try checkpoint.weight("a") }
    #expect(error?.kind == .unsupported && error?.description.contains("\(bits) bits") == true)
  }

  @Test(
    arguments: [
      ("_scale_inv", [2, 1], nil), ("_scale", [], nil), ("_scale", [160], nil), ("_scale", [160, 1], nil),
      ("_scale_inv", [1, 1], nil), ("_scale_inv", [2, 2], FileError.Kind.damaged), ("_scale", [3], .damaged),
      ("_scale", [159], .damaged),
    ] as [(String, [Int], FileError.Kind?)])
  func scalesOfFloat8(_ suffix: String, _ shape: [Int], _ kind: FileError.Kind?) throws {
    let (_, checkpoint) = try Self.model(
      [("a.weight", "F8_E4M3", [160, 64]), ("a.weight" + suffix, "F32", shape)],
      settings: #"{"quant_method": "fp8", "weight_block_size": [128, 128]}"#)
    #expect(checkpoint.names == ["a.weight"])
    #expect(checkpoint.quantizationLabel == "FP8")
    if let kind {
      let error = #expect(throws: FileError.self) { try checkpoint.weight("a") }
      #expect(error?.kind == kind)
    } else {
      let weight = try checkpoint.weight("a")
      #expect(weight.format == .float8(groupSize: 64, scale: .float32))
      #expect(weight.scales?.count == 160 * 4)
    }
  }

  @Test func bytesOfAnotherLibraryNameIt() throws {
    let (_, checkpoint) = try Self.model(
      [("a.weight", "U8", [512, 1])], settings: #"{"quant_method": "bitsandbytes", "load_in_4bit": true}"#)
    let error = #expect(throws: FileError.self) { try checkpoint.weight("a") }
    #expect(error?.kind == .unsupported && error?.description.contains("'bitsandbytes'") == true)
  }
}
