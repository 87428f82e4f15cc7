import Basics

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

  private static let alignment = 64

  /// A block of zeros.
  package init(byteCount: Int) {
    self.byteCount = byteCount
    owner = nil
    pointer = Self.allocate(byteCount)
    pointer.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
  }

  /// A block with its own copy of another's content.
  init(copying other: CopyOnWriteBlock) {
    byteCount = other.byteCount
    owner = nil
    pointer = Self.allocate(byteCount)
    pointer.copyMemory(from: other.pointer, byteCount: byteCount)
  }

  /// A block that reads these bytes in place, or a copy of them if they are not aligned for vectors.
  init(_ bytes: Bytes) {
    byteCount = bytes.count
    let address = UnsafeMutableRawPointer(mutating: bytes.pointer.baseAddress)
    if let address, UInt(bitPattern: address) % UInt(Self.alignment) == 0 {
      owner = bytes.owner
      pointer = address
    } else {
      owner = nil
      pointer = Self.allocate(byteCount)
      let copy = UnsafeMutableRawBufferPointer(start: pointer, count: byteCount)
      bytes.withUnsafeBytes { copy.copyMemory(from: $0) }
    }
  }

  deinit { if owner == nil { pointer.deallocate() } }

  /// Whether the block owns its memory.
  var isWritable: Bool { owner == nil }

  /// The content, which does not change while these bytes are held: a cache copies a shared block before a write.
  var bytes: Bytes { Bytes(UnsafeRawBufferPointer(start: pointer, count: byteCount), owner: self) }

  private static func allocate(_ byteCount: Int) -> UnsafeMutableRawPointer {
    .allocate(byteCount: max(byteCount, 1), alignment: alignment)
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
