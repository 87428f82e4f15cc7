import CCUDA
import Compute

/// Ids on their way to the host: a kernel writes them to the host's memory, and an event tells when they are there. What is
/// enqueued behind it is not waited for.
final class CUDAReading {
  static let mostIDs = 64

  let memory: PinnedMemory
  let event: OpaquePointer
  private let context: CUDAContext

  init(_ context: CUDAContext) throws(CUDAProblem) {
    self.context = context
    memory = try PinnedMemory(4 * Self.mostIDs, context)
    var event: OpaquePointer?
    try check(sotto_cuda_create_event(context.handle, 0, &event))
    guard let event else { throw .driver("no event") }
    self.event = event
  }

  // The kernel may still write.
  deinit {
    _ = sotto_cuda_wait_for_event(context.handle, event)
    _ = sotto_cuda_destroy_event(context.handle, event)
  }
}

extension CUDABackend: LookAheadBackend {
  /// Starts to copy the ids of tokens to the host.
  public func startReading(_ tokens: Tokens) {
    guard case .device(let object) = tokens.storage, let made = object as? CUDATokens, made.reading == nil,
      made.ids == nil, tokens.count <= CUDAReading.mostIDs, !hasFailed
    else { return }
    do throws(CUDAProblem) {
      let reading: CUDAReading
      if let spareReading { reading = spareReading } else { reading = try CUDAReading(context) }
      spareReading = nil
      var call = sotto_cuda_ids()
      call.from = made.address
      // Memory of the host has the same address on the device.
      call.to = UInt64(UInt(bitPattern: reading.memory.pointer))
      call.count = Int32(tokens.count)
      launch(.ids, call, grid: (1, 1, 1), threads: 32)
      enqueue { sotto_cuda_record(context.handle, reading.event, stream.handle) }
      made.reading = reading
    } catch { fail(error) }
  }

  /// Waits for ids; -1 after an error.
  func finish(_ reading: CUDAReading, count: Int) -> [Int32] {
    var ids = [Int32](repeating: -1, count: count)
    guard !hasFailed else { return ids }
    let code = sotto_cuda_wait_for_event(context.handle, reading.event)
    guard code == 0 else {
      fail(CUDAProblem(code: code))
      return ids
    }
    ids.withUnsafeMutableBytes { target in
      target.copyMemory(from: UnsafeRawBufferPointer(start: reading.memory.pointer, count: target.count))
    }
    spareReading = reading
    return ids
  }
}
