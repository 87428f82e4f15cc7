import Basics

/// Keys and values of 64 positions, all heads; shared between forks by reference and copied before a fork
/// writes to it. The layout is that of attention.h.
///
/// A page may lie in memory that belongs to somebody else (a mapped file): it is then read in place and copied
/// before it is written to, whoever shares it.
package final class KeyValuePage: CacheBlock {
  let pointer: UnsafeMutableRawPointer
  package let byteCount: Int
  /// Keeps memory alive that is not this page's own, and that nobody may write to.
  private let owner: AnyObject?

  /// Positions of a page.
  static let positions = 64
  private static let alignment = 64

  /// A page of zeros.
  init(byteCount: Int) {
    self.byteCount = byteCount
    owner = nil
    pointer = .allocate(byteCount: byteCount, alignment: Self.alignment)
    pointer.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
  }

  /// A page of its own with the same content.
  init(copying other: KeyValuePage) {
    byteCount = other.byteCount
    owner = nil
    pointer = .allocate(byteCount: byteCount, alignment: Self.alignment)
    pointer.copyMemory(from: other.pointer, byteCount: byteCount)
  }

  /// A page that reads these bytes in place, or a copy of them where they are not aligned for vectors.
  init(_ bytes: Bytes) {
    byteCount = bytes.count
    let address = UnsafeMutableRawPointer(mutating: bytes.pointer.baseAddress)
    if let address, UInt(bitPattern: address) % UInt(Self.alignment) == 0 {
      owner = bytes.owner
      pointer = address
    } else {
      owner = nil
      pointer = .allocate(byteCount: byteCount, alignment: Self.alignment)
      withExtendedLifetime(bytes.owner) {
        UnsafeMutableRawBufferPointer(start: pointer, count: byteCount).copyMemory(from: bytes.pointer)
      }
    }
  }

  deinit { if owner == nil { pointer.deallocate() } }

  /// Whether the memory is this page's own.
  var isWritable: Bool { owner == nil }

  /// The content, unchanged for as long as these bytes are held: whoever writes copies a page that is shared.
  var bytes: Bytes { Bytes(UnsafeRawBufferPointer(start: pointer, count: byteCount), owner: self) }
}
