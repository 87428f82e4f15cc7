/// Keys and values of 64 positions, all heads; shared between forks by reference and copied before a fork
/// writes to it. The layout is that of attention.h.
package final class KeyValuePage {
  let pointer: UnsafeMutableRawPointer
  let byteCount: Int

  /// Positions of a page.
  static let positions = 64
  private static let alignment = 64

  /// A page of zeros.
  init(byteCount: Int) {
    self.byteCount = byteCount
    pointer = .allocate(byteCount: byteCount, alignment: Self.alignment)
    pointer.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
  }

  /// A page of its own with the same content.
  init(copying other: KeyValuePage) {
    byteCount = other.byteCount
    pointer = .allocate(byteCount: byteCount, alignment: Self.alignment)
    pointer.copyMemory(from: other.pointer, byteCount: byteCount)
  }

  deinit { pointer.deallocate() }
}
