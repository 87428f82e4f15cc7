/// Bytes that stay valid and unchanged during the lifetime of this value: a range of a mapped file, or memory that is
/// no longer written to.
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

  /// A copy of the memory of an array of numbers.
  package init<Number: BitwiseCopyable>(copying numbers: [Number]) {
    let memory = OwnedMemory(count: numbers.count * MemoryLayout<Number>.stride)
    numbers.withUnsafeBytes {
      UnsafeMutableRawBufferPointer(start: memory.pointer, count: $0.count).copyMemory(from: $0)
    }
    self = memory.bytes
  }
}

/// Memory for numbers that are not in a file in the required layout; freed with its last reference.
package final class OwnedMemory: @unchecked Sendable {
  package let pointer: UnsafeMutableRawPointer
  private let count: Int

  /// Uninitialised bytes, aligned to 64 bytes for vector instructions.
  package init(count: Int) {
    self.count = count
    pointer = .allocate(byteCount: max(count, 1), alignment: 64)
  }

  deinit { pointer.deallocate() }

  /// The memory as immutable bytes; the caller must not write to it afterwards.
  package var bytes: Bytes { Bytes(UnsafeRawBufferPointer(start: pointer, count: count), owner: self) }
}
