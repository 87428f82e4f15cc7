import Basics
import Foundation

/// Generated weights of a full-size shape, to measure speed without a download: speed does not depend on the values.
///
/// They need as much memory as the real model's file. Each tensor repeats a pattern of a few thousand random blocks,
/// scaled so that activations stay finite.
struct SyntheticWeights: WeightSource {
  let shape: SyntheticShape

  func contains(_ name: String) -> Bool { shape.contains(name) }

  func storedWeight(_ name: String, shape extents: [Int]) throws -> Weight {
    let numbers = extents.reduce(1, *)
    if extents.count == 1 || name.hasSuffix(".bias") {
      return try Weight(
        format: .float32, shape: extents,
        values: Self.bytes(count: numbers * 4, repeating: Self.list(name).withUnsafeBytes { Array($0) }))
    }
    // Convolutions are not quantised in any file.
    let wanted = shape.format(name)
    let format = (extents.last ?? 0) % wanted.blockColumns == 0 ? wanted : .float32
    let blocks = numbers / format.blockColumns
    var random = SplitMix64(seed: UInt64(numbers))
    let pattern = (0..<4093).flatMap { _ in Self.block(of: format, &random) }
    let values = Self.bytes(count: blocks * format.blockBytes, repeating: pattern)
    switch format {
    case .mxfp4Planar:
      return try Weight(
        format: format, shape: extents, values: values, scales: Self.bytes(count: blocks, repeating: [120]))
    case .affine(_, _, let type):
      let scale: [UInt8] = type == .float32 ? [0, 0, 0, 0x3c] : type == .float16 ? [0, 0x20] : [0, 0x3c]
      let plane = Self.bytes(count: blocks * scale.count, repeating: scale)
      return try Weight(format: format, shape: extents, values: values, scales: plane, biases: plane)
    default:
      return try Weight(format: format, shape: extents, values: values)
    }
  }

  /// The pattern of a vector. A recurrence's decays are distributed as in Mamba-2's initialisation (rates from 1 to 16,
  /// steps after the softplus from 0.001 to 0.1), so that states stay finite.
  private static func list(_ name: String) -> [Float] {
    if name.hasSuffix("A_log") { return (1...16).map { log(Float($0)) } }
    if name.hasSuffix("dt_bias") { return (0...16).map { log(expm1(0.001 * pow(100, Float($0) / 16))) } }
    return [name.hasSuffix("bias") ? 0 : 1]
  }

  /// One block of random numbers with a small scale.
  private static func block(of format: WeightFormat, _ random: inout SplitMix64) -> [UInt8] {
    var bytes = (0..<format.blockBytes).map { _ in UInt8.random(in: 0...255, using: &random) }
    func half(_ value: Float16, at offset: Int) {
      bytes[offset] = UInt8(value.bitPattern & 0xff)
      bytes[offset + 1] = UInt8(value.bitPattern >> 8)
    }
    switch format {
    case .float32: bytes = withUnsafeBytes(of: Float.random(in: -0.03...0.03, using: &random)) { Array($0) }
    case .float16: half(Float16(Float.random(in: -0.03...0.03, using: &random)), at: 0)
    case .bfloat16:
      let bits = Float.random(in: -0.03...0.03, using: &random).bitPattern >> 16
      bytes = [UInt8(bits & 0xff), UInt8(bits >> 8)]
    case .q4_0, .q5_0: half(0.004, at: 0)
    case .q8_0: half(0.0003, at: 0)
    case .q4_1, .q5_1:
      half(0.004, at: 0)
      half(-0.03, at: 2)
    case .q4_K, .q5_K:
      half(0.0001, at: 0)
      half(0.0001, at: 2)
    case .q6_K: half(0.00002, at: 208)
    case .q2_K:
      half(0.001, at: 80)
      half(0.0015, at: 82)
    case .q3_K: half(0.0003, at: 108)
    case .iq4_NL: half(0.0003, at: 0)
    case .iq4_XS: half(0.00002, at: 0)
    case .mxfp4: bytes[0] = 120
    default: break
    }
    return bytes
  }

  /// Memory filled with a pattern.
  private static func bytes(count: Int, repeating pattern: [UInt8]) -> Bytes {
    let memory = OwnedMemory(count: count)
    var filled = min(pattern.count, count)
    let start = UnsafeMutableRawBufferPointer(start: memory.pointer, count: filled)
    start.copyBytes(from: pattern.prefix(filled))
    while filled < count {
      // Doubles the filled part in whole patterns, so that blocks stay aligned.
      let next = min(filled, count - filled, 1 << 24 / pattern.count * pattern.count)
      (memory.pointer + filled).copyMemory(from: memory.pointer, byteCount: next)
      filled += next
    }
    return memory.bytes
  }
}
