import Basics
import CCUDA
import Foundation

/// Copies weights to a device through two pinned buffers: one is filled by several threads while the other is copied.
final class CUDAUpload {
  private let context: CUDAContext
  private let stream: CUDAStream
  private var slots: [(memory: UnsafeMutableRawPointer, event: OpaquePointer)] = []
  private var next = 0

  /// Bytes of a pinned buffer.
  static let slotBytes = 32 << 20
  /// Bytes that one thread copies at a time.
  private static let partBytes = 2 << 20

  init(_ context: CUDAContext, _ stream: CUDAStream) throws(CUDAProblem) {
    self.context = context
    self.stream = stream
  }

  deinit {
    try? stream.wait()
    for slot in slots {
      _ = sotto_cuda_destroy_event(context.handle, slot.event)
      _ = sotto_cuda_free_host(context.handle, slot.memory)
    }
  }

  /// Enqueues a copy of bytes, piece by piece.
  /// - Parameters:
  ///   - unit: the size of a block; pieces are whole blocks.
  ///   - body: enqueues what follows each piece: its offset and count, in the memory at the address.
  func copy(
    _ bytes: Bytes, to address: (_ offset: Int) -> UInt64, unit: Int = 1,
    _ body: (_ offset: Int, _ count: Int) -> Void = { _, _ in }
  ) throws(CUDAProblem) {
    guard let base = bytes.pointer.baseAddress else { return }
    let piece = Self.slotBytes / unit * unit
    for offset in stride(from: 0, to: bytes.count, by: piece) {
      let count = min(piece, bytes.count - offset)
      let slot = try nextSlot()
      Self.fill(slot.memory, base + offset, count)
      try check(
        sotto_cuda_copy_in(context.handle, address(offset), slot.memory, count, stream.handle))
      try check(sotto_cuda_record(context.handle, slot.event, stream.handle))
      body(offset, count)
    }
  }

  /// The pinned buffer that was used longest ago, once its copy is done.
  private func nextSlot() throws(CUDAProblem) -> (memory: UnsafeMutableRawPointer, event: OpaquePointer) {
    if slots.count < 2 {
      var memory: UnsafeMutableRawPointer?
      var event: OpaquePointer?
      try check(sotto_cuda_allocate_host(context.handle, Self.slotBytes, &memory))
      try check(sotto_cuda_create_event(context.handle, 0, &event))
      guard let memory, let event else { throw .driver("no pinned memory") }
      slots.append((memory, event))
      return (memory, event)
    }
    next = (next + 1) % slots.count
    try check(sotto_cuda_wait_for_event(context.handle, slots[next].event))
    return slots[next]
  }

  /// Frees the pinned buffers after loading.
  func release() throws(CUDAProblem) {
    try stream.wait()
    for slot in slots {
      _ = sotto_cuda_destroy_event(context.handle, slot.event)
      _ = sotto_cuda_free_host(context.handle, slot.memory)
    }
    slots = []
  }

  private static func fill(_ target: UnsafeMutableRawPointer, _ source: UnsafeRawPointer, _ count: Int) {
    let parts = (count + partBytes - 1) / partBytes
    let places = Places(target: target, source: source)
    guard parts > 1 else { return target.copyMemory(from: source, byteCount: count) }
    DispatchQueue.concurrentPerform(iterations: parts) { part in
      let offset = part * partBytes
      (places.target + offset).copyMemory(
        from: places.source + offset, byteCount: min(partBytes, count - offset))
    }
  }

  /// Threads copy to disjoint parts.
  private struct Places: @unchecked Sendable {
    let target: UnsafeMutableRawPointer
    let source: UnsafeRawPointer
  }
}
