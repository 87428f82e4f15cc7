import Basics
import Foundation

/// A block of a cache's memory: a page of keys and values, or a recurrent state. Forks share blocks by reference; a
/// cache copies a shared block before it writes to it.
///
/// A block may use the memory of a file that was read. It is then read in place, and copied before a write.
package final class CopyOnWriteBlock: CacheBlock {
  /// The first byte, aligned for vectors.
  package let pointer: UnsafeMutableRawPointer
  package let byteCount: Int
  /// Keeps memory alive that the block does not own and must not write to.
  private let owner: AnyObject?
  /// What `free` takes; nil for the memory of an owner.
  private let allocation: UnsafeMutableRawPointer?

  private static let alignment = 64

  /// A block of zeros. The system provides the memory of a large one when it is first written to, so that the states
  /// before the first token, which are only copied, occupy none.
  package init(byteCount: Int) {
    self.byteCount = byteCount
    owner = nil
    (allocation, pointer) = Self.aligned(calloc(1, byteCount + Self.alignment), byteCount)
  }

  /// A block with its own copy of another's content.
  init(copying other: CopyOnWriteBlock) {
    byteCount = other.byteCount
    owner = nil
    (allocation, pointer) = Self.aligned(malloc(byteCount + Self.alignment), byteCount)
    pointer.copyMemory(from: other.pointer, byteCount: byteCount)
  }

  /// A block that reads these bytes in place, or a copy of them if they are not aligned for vectors.
  init(_ bytes: Bytes) {
    byteCount = bytes.count
    let address = UnsafeMutableRawPointer(mutating: bytes.pointer.baseAddress)
    if let address, UInt(bitPattern: address) % UInt(Self.alignment) == 0 {
      owner = bytes.owner
      allocation = nil
      pointer = address
    } else {
      owner = nil
      (allocation, pointer) = Self.aligned(malloc(byteCount + Self.alignment), byteCount)
      let copy = UnsafeMutableRawBufferPointer(start: pointer, count: byteCount)
      bytes.withUnsafeBytes { copy.copyMemory(from: $0) }
    }
  }

  deinit { free(allocation) }

  /// Whether the block owns its memory.
  var isWritable: Bool { owner == nil }

  /// The content, which does not change while these bytes are held: a cache copies a shared block before a write.
  var bytes: Bytes { Bytes(UnsafeRawBufferPointer(start: pointer, count: byteCount), owner: self) }

  /// Zeros in memory that the system has provided.
  func makeResident() { pointer.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount) }

  /// An allocation with room for the alignment, and its first aligned byte.
  private static func aligned(
    _ allocation: UnsafeMutableRawPointer?, _ byteCount: Int
  ) -> (UnsafeMutableRawPointer, UnsafeMutableRawPointer) {
    guard let allocation else { preconditionFailure("no memory for a cache of \(byteCount) bytes") }
    return (allocation, allocation.alignedUp(toMultipleOf: alignment))
  }
}

// As numbers, for recurrent states.
extension CopyOnWriteBlock {
  /// A block of `count` float32 zeros.
  package convenience init(count: Int) { self.init(byteCount: count * MemoryLayout<Float>.stride) }

  /// The float32 numbers in it.
  package var count: Int { byteCount / MemoryLayout<Float>.stride }

  /// The first number.
  package var floats: UnsafeMutablePointer<Float> { pointer.assumingMemoryBound(to: Float.self) }
}
