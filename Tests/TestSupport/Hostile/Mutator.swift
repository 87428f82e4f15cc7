import Basics
import Foundation

/// Creates damaged versions of a file: flipped bits, truncations, changed lengths, moved or repeated parts. The same seed
/// gives the same versions.
package struct Mutator {
  private var random: SplitMix64
  /// The number of bytes at the start that are changed most often: the header.
  package let headerSize: Int

  package init(seed: UInt64, headerSize: Int) {
    random = SplitMix64(seed: seed)
    self.headerSize = max(1, headerSize)
  }

  package mutating func mutated(_ original: [UInt8]) -> [UInt8] {
    var bytes = original
    for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty { mutateOnce(&bytes) }
    return bytes
  }

  /// Lengths that overflow, or exceed the file slightly or by far.
  private static let lengths: [UInt64] = [
    0, 1, 7, 255, 65_536, 1 << 31, 1 << 32, 1 << 47, 1 << 62, 1 << 63, .max, .max - 7, UInt64(Int.max),
  ]

  private mutating func mutateOnce(_ bytes: inout [UInt8]) {
    let offset = position(in: bytes)
    switch Int.random(in: 0..<9, using: &random) {
    case 0: bytes[offset] = UInt8.random(in: 0...255, using: &random)
    case 1: bytes[offset] ^= 1 << UInt8.random(in: 0..<8, using: &random)
    case 2: bytes[offset] = bytes[offset] &+ UInt8(Bool.random(using: &random) ? 1 : 255)
    case 3: bytes.removeLast(Int.random(in: 1...bytes.count, using: &random))
    case 4:
      let length = Self.lengths.randomElement(using: &random) ?? 0
      write(length &+ UInt64.random(in: 0...2, using: &random), 8, at: offset, &bytes)
    case 5:
      let numbers: [UInt64] = [0, 4, 8, 9, 0x7FFF_FFFF, 0xFFFF_FFFF]
      let number = numbers.randomElement(using: &random) ?? 0
      write(number, 4, at: offset, &bytes)
    case 6:
      let count = min(bytes.count - offset, Int.random(in: 1...64, using: &random))
      bytes.removeSubrange(offset..<offset + count)
    case 7:
      let from = position(in: bytes)
      let part = bytes[from..<min(bytes.count, from + Int.random(in: 1...64, using: &random))]
      bytes.insert(contentsOf: Array(part), at: offset)
    default:
      let from = position(in: bytes)
      let count = min(bytes.count - max(from, offset), Int.random(in: 1...32, using: &random))
      bytes.replaceSubrange(offset..<offset + count, with: Array(bytes[from..<from + count]))
    }
  }

  private mutating func position(in bytes: [UInt8]) -> Int {
    let limit = Int.random(in: 0..<4, using: &random) == 0 ? bytes.count : min(headerSize, bytes.count)
    return Int.random(in: 0..<limit, using: &random)
  }

  private func write(_ number: UInt64, _ size: Int, at offset: Int, _ bytes: inout [UInt8]) {
    for index in 0..<size where offset + index < bytes.count {
      bytes[offset + index] = UInt8(truncatingIfNeeded: number >> (8 * UInt64(index)))
    }
  }
}

/// The peak resident memory of this process in bytes.
package func peakMemory() -> Int {
  var usage = rusage()
  #if canImport(Darwin)
    getrusage(RUSAGE_SELF, &usage)
  #else
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
  #endif
  #if canImport(Darwin)
    return usage.ru_maxrss
  #else
    return usage.ru_maxrss * 1024
  #endif
}
