import Basics
import CKernels
import Compute
import Foundation
import Testing

/// The quantisation kernels against their formulas, on every instruction set.
@Suite struct QuantizationKernelTests {
  private static let levels: [sotto_isa_level] = {
    let before = sotto_chosen_isa()
    defer { sotto_adopt_isa(before) }
    return (0..<SOTTO_ISA_LEVELS.rawValue).map { sotto_isa_level($0) }.filter { sotto_set_isa($0) == $0 }
  }()

  private func onEveryLevel(_ body: () throws -> Void) rethrows {
    let before = sotto_chosen_isa()
    defer { sotto_adopt_isa(before) }
    for level in Self.levels {
      sotto_set_isa(level)
      try body()
    }
  }

  /// Rows of normal numbers, of very large and small ones, of equal ones, and of zeros.
  private func numbers(rows: Int, columns: Int, seed: UInt64) -> [Float] {
    var random = SplitMix64(seed: seed)
    return (0..<rows).flatMap { row -> [Float] in
      let scale = Float(pow(10, Double.random(in: -6...3, using: &random)))
      if row % 7 == 3 { return Array(repeating: row % 2 == 0 ? 0 : scale, count: columns) }
      return (0..<columns).map { _ in Float.random(in: -1...1, using: &random) * scale }
    }
  }

  private func weight(_ numbers: [Float], _ shape: [Int]) throws -> Weight {
    try Weight(format: .float32, shape: shape, values: Bytes(copying: numbers))
  }

  private static func floats(_ bytes: Bytes?) -> [Float] {
    bytes?.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) } ?? []
  }

  /// value = scale * q + bias with the end of the range that is farther from zero as the bias.
  @Test(arguments: [2, 3, 4, 5, 6, 8], [32, 64, 128])
  func affineGroups(bits: Int, group: Int) throws {
    let (rows, columns) = (37, 3 * group)
    let numbers = numbers(rows: rows, columns: columns, seed: UInt64(bits * 1000 + group))
    var values: [UInt8] = [], scales: [Float] = [], biases: [Float] = []
    let bins = Float(1 << bits - 1)
    for start in stride(from: 0, to: numbers.count, by: group) {
      let part = numbers[start..<start + group]
      let (low, high) = (part.min() ?? 0, part.max() ?? 0)
      let edge = abs(low) > abs(high) ? low : high
      var scale = max((high - low) / bins, 1e-7) * (abs(low) > abs(high) ? 1 : -1)
      var bias: Float = 0
      let whole = (edge / scale).rounded(.toNearestOrEven)
      if whole != 0 { (scale, bias) = (edge / whole, edge) }
      var accumulated = 0, count = 0
      for number in part {
        let q = min(max(((number - bias) / scale).rounded(.toNearestOrEven), 0), bins)
        accumulated |= Int(q) << count
        count += bits
        while count >= 8 {
          values.append(UInt8(accumulated & 255))
          accumulated >>= 8
          count -= 8
        }
      }
      scales.append(scale)
      biases.append(bias)
    }
    let quantizer = WeightQuantizer(threads: 2)
    let source = try weight(numbers, [rows, columns])
    try onEveryLevel {
      let planes = try quantizer.quantize(
        source, rows: 0..<rows, to: .affine(bits: bits, groupSize: group, scale: .float32), type: .float32)
      #expect(planes.values.withUnsafeBytes { Array($0) } == values)
      #expect(Self.floats(planes.scales) == scales)
      #expect(Self.floats(planes.biases) == biases)
    }
  }

  /// The nearest of 0, 0.5, 1, 1.5, 2, 3, 4 and 6; the first one at a tie.
  @Test func microscaledFloats() throws {
    let columns = 64, rows = 29
    var numbers = numbers(rows: rows, columns: columns, seed: 3)
    for index in 0..<columns { numbers[index] = Float(index - 32) / 8 + (index == 0 ? -2 : 0) }
    let table: [Float] = [0, 0.5, 1, 1.5, 2, 3, 4, 6, -0, -0.5, -1, -1.5, -2, -3, -4, -6]
    var values: [UInt8] = [], scales: [UInt8] = []
    for start in stride(from: 0, to: numbers.count, by: 32) {
      let part = numbers[start..<start + 32]
      let most = part.map(abs).max() ?? 0
      let exponent = most == 0 ? 0 : max(-127, Int(log2(Double(most / 6)).rounded(.up)))
      scales.append(UInt8(exponent + 127))
      let codes = part.map { number -> UInt8 in
        let quotient = Double(number) / pow(2, Double(exponent))
        let distances = table.map { abs(Double($0) - quotient) }
        return UInt8(distances.firstIndex(of: distances.min() ?? 0) ?? 0)
      }
      values += stride(from: 0, to: 32, by: 2).map { codes[$0] | codes[$0 + 1] << 4 }
    }
    let quantizer = WeightQuantizer(threads: 2)
    let source = try weight(numbers, [rows, columns])
    try onEveryLevel {
      let planes = try quantizer.quantize(source, rows: 0..<rows, to: .mxfp4Planar, type: .float32)
      #expect(planes.values.withUnsafeBytes { Array($0) } == values)
      #expect(planes.scales?.withUnsafeBytes { Array($0) } == scales)
    }
  }

  /// Ties go to the even number: Swift's Float16, and the rounding of bfloat16 by hand.
  @Test func numbersAreRounded() throws {
    var random = SplitMix64(seed: 5)
    var numbers = (0..<4000).map { _ in Float(bitPattern: UInt32.random(in: 0...UInt32.max, using: &random)) }
    numbers =
      numbers.map { $0.isNaN ? 1 : $0 }
      + [
        65504, 65519.99, 65520, 1e30, -1e30, 0, -0, 6e-8, 2.98e-8, 3e-8, 1.0009765625, 1.00048828125,
        1.00146484375, 1, 2, 3,
      ]
    numbers += (0..<(32 - numbers.count % 32) % 32).map(Float.init)
    let half = numbers.map { Float16($0).bitPattern }
    let brain = numbers.map { number -> UInt16 in
      let bits = number.bitPattern, kept = bits >> 16, rest = bits & 0xffff
      return UInt16(kept + (rest > 0x8000 || rest == 0x8000 && kept & 1 == 1 ? 1 : 0))
    }
    let quantizer = WeightQuantizer(threads: 1)
    let source = try weight(numbers, [numbers.count / 32, 32])
    try onEveryLevel {
      for (format, type, expected) in [
        (WeightFormat.float16, WeightFormat.ScaleType.float16, half), (.bfloat16, .bfloat16, brain),
      ] {
        let planes = try quantizer.quantize(source, rows: 0..<numbers.count / 32, to: format, type: type)
        #expect(planes.values.withUnsafeBytes { Array($0.bindMemory(to: UInt16.self)) } == expected)
      }
    }
  }

  @Test func rowsCanBeTakenInSteps() throws {
    let numbers = (0..<12 * 32).map(Float.init)
    let planes = try WeightQuantizer(threads: 1).quantize(
      weight(numbers, [3, 4, 32]), rows: 1..<4, first: 1, step: 3, to: .float32, type: .float32)
    let expected = [4, 7, 10].flatMap { row in (0..<32).map { Float(row * 32 + $0) } }
    #expect(Self.floats(planes.values) == expected)
  }
}
