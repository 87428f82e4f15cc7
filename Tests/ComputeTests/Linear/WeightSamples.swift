import Basics
import Foundation

/// The memory of a test's weight.
final class TestMemory {
  let memory: UnsafeMutableRawBufferPointer
  init(_ bytes: [UInt8]) {
    memory = .allocate(byteCount: bytes.count, alignment: 1)
    memory.copyBytes(from: bytes)
  }
  deinit { memory.deallocate() }
  var bytes: Bytes { Bytes(UnsafeRawBufferPointer(memory), owner: self) }
}

/// Formats whose numbers only other libraries' fixtures have, not `WeightSample`.
let latticeFormats: [WeightFormat] = [
  .iq1_S, .iq1_M, .iq2_XXS, .iq2_XS, .iq2_S, .iq3_XXS, .iq3_S, .tq1_0, .tq2_0, .q8_K,
]

/// All other formats.
let allFormats: [WeightFormat] =
  [
    .float32, .float16, .bfloat16, .q4_0, .q4_1, .q5_0, .q5_1, .q8_0, .q2_K, .q3_K, .q4_K, .q5_K, .q6_K,
    .iq4_NL, .iq4_XS, .mxfp4, .mxfp4Planar,
    .nvfp4, .nvfp4Planar, .float8(groupSize: 32, scale: .e8m0), .float8(groupSize: 64, scale: .float32),
    .zeroPoint(bits: 4, groupSize: 128, scale: .float16),
    .zeroPoint(bits: 4, groupSize: 32, scale: .bfloat16),
    .zeroPoint(bits: 8, groupSize: 64, scale: .float16), .zeroPoint(bits: 2, groupSize: 64, scale: .float32),
  ]
  + [1, 2, 3, 5, 6].flatMap { bits in
    [(32, WeightFormat.ScaleType.float16), (64, .bfloat16), (128, .float32)].map {
      .affine(bits: bits, groupSize: $0.0, scale: $0.1)
    }
  }
  + [4, 8].flatMap { bits in
    [32, 64, 128].flatMap { group in
      [.float32, .float16, .bfloat16].map { .affine(bits: bits, groupSize: group, scale: $0) }
    }
  }

/// A weight of random bytes, and its numbers by the format's definition.
struct WeightSample {
  let weight: Weight
  /// In row-major order and double precision.
  let numbers: [Double]

  /// Scales are moderate; all other bytes are arbitrary.
  init(_ format: WeightFormat, rows: Int, columns: Int, matrices: Int = 1, seed: Int) throws {
    var random = SplitMix64(seed: seed)
    let blocks = matrices * rows * columns / format.blockColumns
    var values = (0..<blocks * format.blockBytes).map { _ in UInt8.random(in: 0...255, using: &random) }
    var scales: [UInt8]?, biases: [UInt8]?
    for block in 0..<blocks {
      for (offset, bytes) in Self.header(format, &random) {
        values.replaceSubrange(
          block * format.blockBytes + offset..<block * format.blockBytes + offset + bytes.count, with: bytes)
      }
    }
    switch format {
    case .mxfp4Planar: scales = (0..<blocks).map { _ in UInt8.random(in: 118...130, using: &random) }
    case .nvfp4Planar: scales = (0..<2 * blocks).map { _ in UInt8.random(in: 30...70, using: &random) }
    case .float8(_, let type):
      // A magnitude of 127 is not a number.
      for index in values.indices where values[index] & 127 == 127 { values[index] -= 1 }
      scales =
        type == .e8m0
        ? (0..<blocks).map { _ in UInt8.random(in: 110...122, using: &random) }
        : (0..<blocks).flatMap { _ in Self.bytes(random.normal() * 0.01, .float32) }
    case .zeroPoint(let bits, _, let type):
      scales = (0..<blocks).flatMap { _ in Self.bytes(random.normal() * 0.1, type) }
      biases = (0..<blocks).map { _ in UInt8.random(in: 0...(bits == 8 ? 255 : 1 << bits), using: &random) }
    case .affine(_, _, let type):
      scales = (0..<blocks).flatMap { _ in Self.bytes(random.normal() * 0.1, type) }
      biases = (0..<blocks).flatMap { _ in Self.bytes(random.normal(), type) }
    default: break
    }
    let shape = matrices > 1 ? [matrices, rows, columns] : [rows, columns]
    weight = try Weight(
      format: format, shape: shape, values: TestMemory(values).bytes,
      scales: scales.map { TestMemory($0).bytes }, biases: biases.map { TestMemory($0).bytes })
    numbers = referenceNumbers(format, values: values, scales: scales ?? [], biases: biases ?? [])
  }

  /// The bytes of a block that may not be random, its scales, by offset.
  private static func header(_ format: WeightFormat, _ random: inout SplitMix64) -> [(Int, [UInt8])] {
    func half() -> [UInt8] { bytes(random.normal() * 0.1, .float16) }
    return switch format {
    case .float32: [(0, bytes(random.normal(), .float32))]
    case .float16: [(0, bytes(random.normal(), .float16))]
    case .bfloat16: [(0, bytes(random.normal(), .bfloat16))]
    case .q4_0, .q5_0, .q8_0, .iq4_NL, .iq4_XS: [(0, half())]
    case .q4_1, .q5_1, .q4_K, .q5_K: [(0, half()), (2, half())]
    case .q6_K: [(208, half())]
    case .q2_K: [(80, half()), (82, half())]
    case .q3_K: [(108, half())]
    case .mxfp4: [(0, [UInt8.random(in: 118...130, using: &random)])]
    case .nvfp4: [(0, (0..<4).map { _ in UInt8.random(in: 30...70, using: &random) })]
    default: []
    }
  }

  private static func bytes(_ value: Float, _ type: WeightFormat.ScaleType) -> [UInt8] {
    let bits = value.bitPattern
    switch type {
    case .float32: return (0..<4).map { UInt8(truncatingIfNeeded: bits >> (8 * UInt32($0))) }
    case .bfloat16: return [UInt8(truncatingIfNeeded: bits >> 16), UInt8(truncatingIfNeeded: bits >> 24)]
    case .float16:
      // Truncated to 10 bits of fraction; subnormal numbers become zero.
      let exponent = Int(bits >> 23 & 255) - 127 + 15
      let half = exponent <= 0 ? 0 : UInt32(min(exponent, 30)) << 10 | bits >> 13 & 0x3ff
      return [UInt8(half & 255), UInt8(half >> 8 | bits >> 24 & 0x80)]
    }
  }
}
