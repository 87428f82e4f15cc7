import Basics
import Checkpoints
import TestSupport
import Testing

/// BitNet's packed matrices: a byte has the numbers, plus 1, of the rows r, r + R/4, r + R/2 and r + 3R/4.
@Suite struct TernaryWeightTests {
  private static func model(
    rows: Int, columns: Int, scale: Float, type: String = "bitnet", settings: String
  ) throws -> (folder: TemporaryFolder, numbers: [Float]) {
    var random = SplitMix64(seed: UInt64(rows * columns))
    let digits = (0..<rows * columns).map { _ in UInt8.random(in: 0...2, using: &random) }
    let packed = (0..<rows / 4 * columns).map { index in
      (0..<4).reduce(UInt8(0)) { $0 | digits[$1 * rows / 4 * columns + index] << UInt8(2 * $1) }
    }
    let bits = scale.bitPattern, data = packed + (0..<4).map { UInt8(truncatingIfNeeded: bits >> (8 * $0)) }
    let header = Array(
      """
      {"a.weight": {"dtype": "U8", "shape": [\(rows / 4), \(columns)], "data_offsets": [0, \(packed.count)]},
       "a.weight_scale": {"dtype": "F32", "shape": [1], "data_offsets": [\(packed.count), \(data.count)]}}
      """.utf8)
    let length = (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) }
    let folder = try TemporaryFolder()
    try folder.write("m/model.safetensors", length + header + data)
    try folder.write("m/config.json", #"{"model_type": "\#(type)", "quantization_config": \#(settings)}"#)
    return (folder, digits.map { Float($0) - 1 })
  }

  /// The numbers of a weight in TQ2_0 (https://github.com/ggml-org/llama.cpp/pull/8151), affine groups or float32.
  private static func numbers(_ weight: Weight) throws -> [Float] {
    let bytes = weight.values.array, columns = weight.columns
    func float(_ bytes: [UInt8], _ index: Int) -> Float {
      Float(bitPattern: (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[4 * index + $1]) << UInt32(8 * $1) })
    }
    return try (0..<weight.rows * columns).map { place in
      switch weight.format {
      case .tq2_0:
        let block = 66 * (place / 256), half = place % 256 / 128, column = place % 128
        let digit = bytes[block + 32 * half + column % 32] >> UInt8(2 * (column / 32)) & 3
        let scale = Float16(bitPattern: UInt16(bytes[block + 64]) | UInt16(bytes[block + 65]) << 8)
        return (Float(digit) - 1) * Float(scale)
      case .affine(2, let group, .float32):
        let digit = bytes[place / 4] >> UInt8(2 * (place % 4)) & 3
        let scales = try #require(weight.scales).array, biases = try #require(weight.biases).array
        return Float(digit) * float(scales, place / group) + float(biases, place / group)
      default: return float(bytes, place)
      }
    }
  }

  /// With a scale that float16 holds, and with one that it does not.
  @Test(arguments: [
    (16, 512, Float(0.75), WeightFormat.tq2_0),
    (8, 256, 0.3, .affine(bits: 2, groupSize: 128, scale: .float32)),
    (12, 64, 0.75, .affine(bits: 2, groupSize: 64, scale: .float32)),
    (20, 96, 0.75, .affine(bits: 2, groupSize: 32, scale: .float32)), (4, 40, 0.3, .float32),
  ])
  func numbersAreThoseOfTheFile(_ rows: Int, _ columns: Int, _ scale: Float, _ format: WeightFormat) throws {
    let (folder, numbers) = try Self.model(
      rows: rows, columns: columns, scale: scale,
      settings: #"{"quant_method": "bitnet", "linear_class": "autobitlinear"}"#)
    let checkpoint = try Checkpoint.open(folder.path + "/m")
    #expect(checkpoint.names == ["a.weight"] && checkpoint.shape("a.weight") == [rows, columns])
    #expect(checkpoint.quantizationLabel == "ternary")
    let weight = try checkpoint.weight("a.weight")
    #expect(weight.format == format && weight.shape == [rows, columns])
    #expect(try Self.numbers(weight) == numbers.map { $0 * scale })
  }

  /// transformers' other class of layers divides by the scale.
  @Test func scalesOfBitLinearAreInverse() throws {
    let (folder, numbers) = try Self.model(
      rows: 8, columns: 256, scale: 4, settings: #"{"quant_method": "bitnet"}"#)
    let weight = try Checkpoint.open(folder.path + "/m").weight("a.weight")
    #expect(try Self.numbers(weight) == numbers.map { $0 / 4 })
  }

  @Test func otherModelsAreRefused() throws {
    let (folder, _) = try Self.model(
      rows: 8, columns: 256, scale: 1, type: "llama", settings: #"{"quant_method": "bitnet"}"#)
    let checkpoint = try Checkpoint.open(folder.path + "/m")
    let error = #expect(throws: FileError.self) { try checkpoint.weight("a.weight") }
    #expect(error?.kind == .unsupported && error?.description.contains("ternary") == true)
  }
}
