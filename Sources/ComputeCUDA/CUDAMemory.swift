import CCUDA
import Compute
import Foundation

/// A block of a device's memory from a `DeviceMemory`, to which it is returned with the last reference. What is enqueued on
/// the stream before that may still use it: later users are enqueued behind.
final class CUDABuffer: CacheBlock {
  /// The device's address; 0 if there was no memory.
  let address: UInt64
  /// The number of bytes that were asked for.
  let byteCount: Int
  private let memory: DeviceMemory
  /// Whether it goes back to the driver, not into the lists of free blocks.
  private let isOwn: Bool

  fileprivate init(address: UInt64, byteCount: Int, memory: DeviceMemory, isOwn: Bool = false) {
    self.address = address
    self.byteCount = byteCount
    self.memory = memory
    self.isOwn = isOwn
  }

  deinit { memory.give(address, byteCount: byteCount, isOwn: isOwn) }
}

/// The memory of one backend on its device. Free blocks are kept by size class, four to an octave, so that a decoding step
/// allocates nothing. Blocks may be returned on any thread.
package final class DeviceMemory: @unchecked Sendable {
  private let context: CUDAContext
  private let lock = NSLock()
  // Accessed only while `lock` is held.
  private var free: [Int: [UInt64]] = [:]

  init(_ context: CUDAContext) { self.context = context }

  deinit { releaseAll() }

  /// A block with undefined content.
  /// - Parameter isOwn: whether it takes no more memory than asked for, and is not kept for others (weights).
  /// - Throws: `outOfMemory`; free blocks have then been returned to the driver.
  func take(_ byteCount: Int, isOwn: Bool = false) throws(CUDAProblem) -> CUDABuffer {
    // Bulk copies read whole 16 bytes.
    let size = isOwn ? (max(byteCount, 1) + 15) / 16 * 16 : Self.sizeClass(byteCount)
    if !isOwn {
      lock.lock()
      let found = free[size]?.popLast()
      lock.unlock()
      if let found { return CUDABuffer(address: found, byteCount: byteCount, memory: self) }
    }
    var address: UInt64 = 0
    var code = sotto_cuda_allocate(context.handle, size, &address)
    if code == Int32(SOTTO_CUDA_OUT_OF_MEMORY) {
      releaseAll()
      code = sotto_cuda_allocate(context.handle, size, &address)
    }
    if code == Int32(SOTTO_CUDA_OUT_OF_MEMORY) {
      throw .outOfMemory(bytes: size, free: (try? context.freeMemory()) ?? 0)
    }
    try check(code)
    return CUDABuffer(address: address, byteCount: byteCount, memory: self, isOwn: isOwn)
  }

  fileprivate func give(_ address: UInt64, byteCount: Int, isOwn: Bool) {
    guard address != 0 else { return }
    if isOwn {
      _ = sotto_cuda_free(context.handle, address)
      return
    }
    lock.lock()
    free[Self.sizeClass(byteCount), default: []].append(address)
    lock.unlock()
  }

  /// Returns all free blocks to the driver, which waits until the device has finished with them.
  func releaseAll() {
    lock.lock()
    let blocks = free.values.flatMap { $0 }
    free.removeAll()
    lock.unlock()
    for block in blocks { _ = sotto_cuda_free(context.handle, block) }
  }

  /// A block without memory, in place of one that could not be had. Nothing is computed after such a failure.
  func none(_ byteCount: Int) -> CUDABuffer { CUDABuffer(address: 0, byteCount: byteCount, memory: self) }

  /// The bytes that a block of `byteCount` takes: 256 * {4, 5, 6, 7}/4 * 2^n.
  package static func sizeClass(_ byteCount: Int) -> Int {
    guard byteCount > 256 else { return 256 }
    let base = 1 << (Int.bitWidth - 1 - (byteCount - 1).leadingZeroBitCount)
    let quarter = base / 4
    return base + (byteCount - base + quarter - 1) / quarter * quarter
  }
}

/// Memory of the host into which a device copies without staging.
final class PinnedMemory {
  let pointer: UnsafeMutableRawPointer
  let byteCount: Int
  private let context: CUDAContext

  /// - Throws: `CUDAProblem` if there is no such memory.
  init(_ byteCount: Int, _ context: CUDAContext) throws(CUDAProblem) {
    var memory: UnsafeMutableRawPointer?
    try check(sotto_cuda_allocate_host(context.handle, byteCount, &memory))
    guard let memory else { throw .driver("no pinned memory") }
    pointer = memory
    self.byteCount = byteCount
    self.context = context
  }

  deinit { _ = sotto_cuda_free_host(context.handle, pointer) }
}
