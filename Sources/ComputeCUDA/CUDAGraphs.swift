import CCUDA
import Dispatch
import Foundation
import Synchronization

/// The graphs of a recorded pass, which another thread makes: to capture and to prepare its kernels takes longer than to compute
/// it. Until the graphs are made, the kernels are launched one by one.
final class CUDAGraphs: Sendable {
  /// A kernel of the pass.
  struct Launch: Sendable {
    /// The driver's handle of the kernel.
    let function: UInt
    let size: sotto_cuda_size
    let arguments: [UInt8]

    /// Enqueues the kernel.
    func enqueue(_ stream: OpaquePointer, _ context: CUDAContext) -> Int32 {
      var size = size, arguments = arguments
      return arguments.withUnsafeMutableBytes {
        sotto_cuda_launch(
          context.handle, OpaquePointer(bitPattern: function), &size, $0.baseAddress, stream)
      }
    }
  }

  /// In the order of the pass.
  let launches: [Launch]
  private let context: CUDAContext
  /// The kernels of the first graph.
  private let first: Int
  /// The driver's handles of the graphs in the order of their launch; nil until they are made, and if they cannot be.
  private let made = Mutex<[UInt]?>(nil)

  /// - Parameter first: the kernels of the first graph.
  init(_ launches: [Launch], first: Int, _ context: CUDAContext) {
    self.launches = launches
    self.first = first
    self.context = context
  }

  /// Starts to make the graphs. Called once.
  func start() {
    Self.running.enter()
    Thread.detachNewThread { [self] in
      make()
      Self.running.leave()
    }
  }

  /// Threads that make graphs: the driver must not be shut down before they have ended.
  private static let running: DispatchGroup = {
    atexit { CUDAGraphs.running.wait() }
    return DispatchGroup()
  }()

  // The driver keeps what a running graph needs.
  deinit { destroy(made.withLock { $0 } ?? []) }

  private func destroy(_ graphs: [UInt]) {
    for graph in graphs { _ = sotto_cuda_destroy_graph(context.handle, OpaquePointer(bitPattern: graph)) }
  }

  /// Enqueues the whole pass by its graphs; nil if there are none yet.
  func enqueue(_ stream: OpaquePointer) -> Int32? {
    guard let graphs = made.withLock({ $0 }) else { return nil }
    for graph in graphs {
      let code = sotto_cuda_launch_graph(context.handle, OpaquePointer(bitPattern: graph), stream)
      if code != 0 { return code }
    }
    return 0
  }

  /// Whether the pass can be enqueued by graphs.
  var areMade: Bool { made.withLock { $0 != nil } }

  private func make() {
    guard let stream = try? CUDAStream(context) else { return }
    var graphs: [UInt] = []
    for part in [launches.prefix(first), launches.dropFirst(first)] where !part.isEmpty {
      guard let graph = captured(part, stream.handle) else { return destroy(graphs) }
      graphs.append(UInt(bitPattern: graph))
    }
    made.withLock { $0 = graphs }
  }

  private func captured(_ launches: ArraySlice<Launch>, _ stream: OpaquePointer) -> OpaquePointer? {
    guard sotto_cuda_begin_capture(context.handle, stream) == 0 else { return nil }
    let isComplete = launches.allSatisfy { $0.enqueue(stream, context) == 0 }
    var graph: OpaquePointer?
    let code = sotto_cuda_end_capture(context.handle, stream, &graph)
    if isComplete, code == 0 { return graph }
    if let graph { _ = sotto_cuda_destroy_graph(context.handle, graph) }
    return nil
  }
}
