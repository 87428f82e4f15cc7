import Basics

/// Float32 numbers of a recurrent state, aligned for vectors; shared between forks by reference.
///
/// As a `KeyValuePage` does, a block may lie in memory that belongs to somebody else (a mapped file) and is
/// then never written to.
package final class StateBlock: CacheBlock {
  package let pointer: UnsafeMutablePointer<Float>
  package let count: Int
  /// Keeps memory alive that is not this block's own, and that nobody may write to.
  private let owner: AnyObject?

  package var byteCount: Int { count * MemoryLayout<Float>.stride }

  private static let alignment = 64

  /// A block of zeros.
  package init(count: Int) {
    self.count = count
    owner = nil
    pointer = Self.allocate(count)
    pointer.initialize(repeating: 0, count: count)
  }

  /// A block of its own with the same content.
  init(copying other: StateBlock) {
    count = other.count
    owner = nil
    pointer = Self.allocate(count)
    pointer.initialize(from: other.pointer, count: count)
  }

  /// A block that reads these bytes in place, or a copy of them where they are not aligned for vectors.
  init(_ bytes: Bytes) {
    count = bytes.count / MemoryLayout<Float>.stride
    let address = UnsafeMutableRawPointer(mutating: bytes.pointer.baseAddress)
    if let address, UInt(bitPattern: address) % UInt(Self.alignment) == 0 {
      owner = bytes.owner
      pointer = address.assumingMemoryBound(to: Float.self)
    } else {
      owner = nil
      pointer = Self.allocate(count)
      let own = UnsafeMutableRawBufferPointer(start: pointer, count: bytes.count)
      withExtendedLifetime(bytes.owner) { own.copyMemory(from: bytes.pointer) }
    }
  }

  deinit { if owner == nil { UnsafeMutableRawPointer(pointer).deallocate() } }

  /// Whether the memory is this block's own.
  var isWritable: Bool { owner == nil }

  /// The content, unchanged for as long as these bytes are held: whoever writes copies a block that is shared.
  var bytes: Bytes { Bytes(UnsafeRawBufferPointer(start: pointer, count: byteCount), owner: self) }

  private static func allocate(_ count: Int) -> UnsafeMutablePointer<Float> {
    UnsafeMutableRawPointer.allocate(
      byteCount: max(count, 1) * MemoryLayout<Float>.stride, alignment: alignment
    ).assumingMemoryBound(to: Float.self)
  }
}
