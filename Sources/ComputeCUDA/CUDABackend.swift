import CCUDA
import Compute
import Foundation

/// The asynchronous backend for NVIDIA GPUs: operations enqueue kernels on a stream and return.
///
/// A tensor is a view (offset and row stride) of float32 numbers on the device. An operation that fails, also one for which
/// there is no memory, leaves its result undefined, and nothing is enqueued from then on; `throwIfFailed` tells.
public final class CUDABackend: FallibleBackend, MemoryReleasingBackend {
  /// Whether activations, keys and values may be rounded for speed.
  public let precision: Precision
  /// The number format of keys and values.
  public let cacheFormat: CacheFormat
  /// The GPU.
  public let device: CUDADevice
  let context: CUDAContext
  let memory: DeviceMemory
  let stream: CUDAStream
  let upload: CUDAUpload
  /// Where a few numbers are read to.
  private let few: PinnedMemory
  private let functions: [OpaquePointer?]
  private var failure: CUDAProblem?
  /// The times of kernels, while they are measured.
  package var profile: CUDAProfile?
  /// Samples with rare settings, and computes log probabilities, of logits that are copied to the host.
  lazy var host = CPUBackend(precision: .exact, threads: 2)
  var rotaryAngles = CUDARotaryAngles()
  /// The addresses of the input and the result of the latest kernel, if that was a product of one row.
  var latestRow: (x: UInt64, result: UInt64) = (0, 0)
  /// Zeros that attention counts its blocks in.
  var attentionCounters: CUDABuffer?
  /// Memory for ids on their way to the host, not in use.
  var spareReading: CUDAReading?
  /// Vectors of frequencies on the device.
  var frequencies: [[Float]: CUDABuffer] = [:]
  /// Matrices in memory already, by the address of their values: embedding and head may share one.
  var matrices: [UnsafeRawPointer: WeakMatrix] = [:]
  /// The pass that is being recorded.
  var recording: CUDARecording?
  /// Recorded steps, the latest last.
  var steps: [CUDAStep] = []
  var candidate = CUDAStepCandidate([], [])
  /// The memory of a step that was dropped, for the next record.
  var spareStepMemory: DeviceMemory?
  /// Kernels of the first graph of a step: the device computes them while the host launches the second.
  package var firstStepKernels = 12
  /// Whether steps are recorded; not once several contained more than kernels.
  package var recordsSteps = true
  /// Records that ended because a pass contained more than kernels.
  var failedRecords = 0

  /// - Parameters:
  ///   - device: the GPU.
  ///   - precision: whether activations, keys and values may be rounded for speed.
  ///   - cacheFormat: the number format of keys and values; nil for float32 if the precision is exact and float16 if it
  ///     is fast.
  /// - Throws: `CUDAProblem` if the device cannot be used or the kernels are missing.
  public init(device: CUDADevice, precision: Precision, cacheFormat: CacheFormat? = nil) throws(CUDAProblem) {
    if let problem = device.problem { throw problem }
    self.device = device
    self.precision = precision
    self.cacheFormat = cacheFormat ?? (precision == .exact ? .float32 : .float16)
    context = try CUDAContext.of(device)
    functions = try context.kernels()
    stream = try CUDAStream(context)
    memory = DeviceMemory(context)
    upload = try CUDAUpload(context, stream)
    few = try PinnedMemory(4096, context)
  }

  // Work in progress may use memory that is freed after this.
  deinit { try? stream.wait() }

  /// Returns memory that no tensor uses to the driver.
  public func releaseUnusedMemory() {
    steps.removeAll()
    spareStepMemory = nil
    memory.releaseAll()
  }

  /// Throws the first error since the last call. After running out of memory, the backend can be used again.
  public func throwIfFailed() throws {
    guard let failure else { return }
    if case .driver = failure {} else { self.failure = nil }
    throw failure
  }

  /// Notes the first error.
  func fail(_ problem: CUDAProblem) { if failure == nil { failure = problem } }

  /// Whether nothing is enqueued because of an earlier error.
  var hasFailed: Bool { failure != nil }

  /// A block of so many bytes; one without memory after an error.
  func take(bytes: Int) -> CUDABuffer {
    guard failure == nil else { return memory.none(bytes) }
    do { return try (recording?.memory ?? memory).take(bytes) } catch {
      fail(error)
      return memory.none(bytes)
    }
  }

  /// A new tensor without gaps between rows, with undefined numbers.
  func make(rows: Int, columns: Int) -> (tensor: Tensor, address: UInt64) {
    let buffer = take(bytes: rows * columns * MemoryLayout<Float>.size)
    return (Tensor(rows: rows, columns: columns, storage: buffer), buffer.address)
  }

  /// The driver's handle of a kernel.
  func function(_ kernel: CUDAKernel) -> OpaquePointer? { functions[kernel.index] }

  /// Enqueues a kernel with its structure of arguments.
  /// - Parameter overlaps: whether it may start before the kernel ahead of it has ended.
  func launch<Arguments>(
    _ kernel: CUDAKernel, _ arguments: Arguments, grid: (Int, Int, Int), threads: Int, shared: Int = 0,
    overlaps: Bool = true
  ) {
    latestRow = (0, 0)
    guard failure == nil, grid.0 > 0, grid.1 > 0, grid.2 > 0 else { return }
    var size = sotto_cuda_size(
      grid_x: UInt32(grid.0), grid_y: UInt32(grid.1), grid_z: UInt32(grid.2), threads: UInt32(threads),
      shared_bytes: UInt32(shared), overlaps: overlaps ? 1 : 0)
    var arguments = arguments
    if recording != nil {
      let bytes = withUnsafeBytes(of: &arguments) { Array($0) }
      let function = UInt(bitPattern: functions[kernel.index])
      recording?.launches.append(CUDAGraphs.Launch(function: function, size: size, arguments: bytes))
    }
    profile?.start(kernel, stream)
    defer { profile?.end(stream) }
    let code = withUnsafeMutablePointer(to: &arguments) {
      sotto_cuda_launch(context.handle, functions[kernel.index], &size, $0, stream.handle)
    }
    if code != 0 { fail(CUDAProblem(code: code)) }
  }

  /// Notes the error of an enqueued copy. A pass with a copy is not recorded.
  func enqueue(_ copy: () -> Int32) {
    endRecording()
    latestRow = (0, 0)
    guard failure == nil else { return }
    let code = copy()
    if code != 0 { fail(CUDAProblem(code: code)) }
  }

  /// The first number of a tensor and the distance of its rows.
  func rows(of x: Tensor) -> sotto_cuda_rows {
    let buffer: CUDABuffer
    if let made = x.storage as? CUDABuffer {
      buffer = made
    } else {
      guard let pending = x.storage as? CUDAPending else {
        preconditionFailure("a tensor of another backend")
      }
      buffer = pending.buffer(on: self)
    }
    return sotto_cuda_rows(
      data: buffer.address + UInt64(x.offset * MemoryLayout<Float>.size), stride: Int64(x.stride))
  }

  /// The rows of a tensor, or none.
  func rows(of x: Tensor?) -> sotto_cuda_rows {
    guard let x else { return sotto_cuda_rows(data: 0, stride: 0) }
    return rows(of: x) as sotto_cuda_rows
  }

  /// A copy of host memory on the device.
  func copied<Number: BitwiseCopyable>(_ numbers: [Number]) -> CUDABuffer {
    let bytes = numbers.count * MemoryLayout<Number>.stride, buffer = take(bytes: bytes)
    numbers.withUnsafeBytes { source in
      enqueue { sotto_cuda_copy_in(context.handle, buffer.address, source.baseAddress, bytes, stream.handle) }
    }
    return buffer
  }

  /// Enqueues a copy of host memory.
  func copyIn<Number: BitwiseCopyable>(_ numbers: [Number], to address: UInt64) {
    numbers.withUnsafeBytes { source in
      enqueue { sotto_cuda_copy_in(context.handle, address, source.baseAddress, source.count, stream.handle) }
    }
  }

  /// The first numbers of a buffer; waits until they are computed. Zeros after an error.
  func read<Number: BitwiseCopyable>(_ address: UInt64, count: Int, _ zero: Number) -> [Number] {
    var result = [Number](repeating: zero, count: count)
    result.withUnsafeMutableBytes { target in
      let isFew = target.count <= few.byteCount, place = isFew ? few.pointer : target.baseAddress
      enqueue {
        let code = sotto_cuda_copy_out(context.handle, place, address, target.count, stream.handle)
        return code != 0 ? code : sotto_cuda_wait(context.handle, stream.handle)
      }
      if isFew, !hasFailed {
        target.copyMemory(from: UnsafeRawBufferPointer(start: place, count: target.count))
      }
    }
    return result
  }
}

/// A queue of work on a device, in order.
final class CUDAStream {
  let handle: OpaquePointer
  private let context: CUDAContext

  init(_ context: CUDAContext) throws(CUDAProblem) {
    self.context = context
    var handle: OpaquePointer?
    try check(sotto_cuda_create_stream(context.handle, &handle))
    guard let handle else { throw .driver("no stream") }
    self.handle = handle
  }

  deinit { _ = sotto_cuda_destroy_stream(context.handle, handle) }

  /// Waits until everything enqueued is done.
  func wait() throws(CUDAProblem) { try check(sotto_cuda_wait(context.handle, handle)) }
}
