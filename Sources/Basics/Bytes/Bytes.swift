/// Bytes that stay valid and unchanged for as long as this value lives: a range of a mapped file, or
/// memory that was prepared once.
public struct Bytes: @unchecked Sendable {
  package let pointer: UnsafeRawBufferPointer
  /// Keeps the memory alive.
  package let owner: AnyObject

  package init(_ pointer: UnsafeRawBufferPointer, owner: AnyObject) {
    self.pointer = pointer
    self.owner = owner
  }

  /// The number of bytes.
  public var count: Int { pointer.count }

  /// A copy of numbers as they lie in memory.
  package init<Number: BitwiseCopyable>(copying numbers: [Number]) {
    let memory = OwnedMemory(count: numbers.count * MemoryLayout<Number>.stride)
    numbers.withUnsafeBytes {
      UnsafeMutableRawBufferPointer(start: memory.pointer, count: $0.count).copyMemory(from: $0)
    }
    self = memory.bytes
  }
}

/// Memory for numbers that no file holds in the form needed; freed with its last user.
package final class OwnedMemory: @unchecked Sendable {
  package let pointer: UnsafeMutableRawPointer
  private let count: Int

  /// Uninitialised bytes, aligned for vectors.
  package init(count: Int) {
    self.count = count
    pointer = .allocate(byteCount: max(count, 1), alignment: 64)
  }

  deinit { pointer.deallocate() }

  /// The memory as it is now; not written to afterwards.
  package var bytes: Bytes { Bytes(UnsafeRawBufferPointer(start: pointer, count: count), owner: self) }
}
