import CCUDA

/// The time of each kernel, by events around every launch. Launches do not overlap while they are measured, so that the sum
/// is more than the time without measurement.
package final class CUDAProfile {
  private let context: CUDAContext
  private var spans: [(kernel: CUDAKernel, start: OpaquePointer, end: OpaquePointer?)] = []

  /// A profile of the backend's device.
  package init(_ backend: CUDABackend) { context = backend.context }

  deinit {
    for span in spans {
      _ = sotto_cuda_destroy_event(context.handle, span.start)
      if let end = span.end { _ = sotto_cuda_destroy_event(context.handle, end) }
    }
  }

  private func recorded(_ stream: CUDAStream) -> OpaquePointer? {
    var event: OpaquePointer?
    guard sotto_cuda_create_event(context.handle, 1, &event) == 0, let event else { return nil }
    _ = sotto_cuda_record(context.handle, event, stream.handle)
    return event
  }

  func start(_ kernel: CUDAKernel, _ stream: CUDAStream) {
    if let event = recorded(stream) { spans.append((kernel, event, nil)) }
  }

  func end(_ stream: CUDAStream) {
    if !spans.isEmpty { spans[spans.count - 1].end = recorded(stream) }
  }

  /// The kernels with their numbers of launches and milliseconds, the longest first. The work must be done.
  package func totals() -> [(kernel: String, launches: Int, milliseconds: Double)] {
    var totals: [CUDAKernel: (Int, Double)] = [:]
    for span in spans {
      var time: Float = 0
      guard let end = span.end, sotto_cuda_elapsed(context.handle, span.start, end, &time) == 0 else {
        continue
      }
      let (count, sum) = totals[span.kernel] ?? (0, 0)
      totals[span.kernel] = (count + 1, sum + Double(time))
    }
    return totals.map { ($0.key.rawValue, $0.value.0, $0.value.1) }.sorted { $0.2 > $1.2 }
  }
}
