import CKernels
import Foundation

/// The threads among which kernels divide their work. A run costs well below a microsecond while the threads are
/// awake; they sleep a fraction of a millisecond after the last run.
///
/// Kernels take `handle` and decide whether an operation is worth dividing.
package final class ThreadPool {
  package let handle: OpaquePointer?

  /// - Parameter threads: including the caller's; at least 1. Fewer if the system refuses to start them.
  package init(threads: Int) {
    handle = sotto_pool_create(Int32(clamping: threads))
  }

  deinit { sotto_pool_destroy(handle) }

  /// The number of threads, including the caller's.
  package var threads: Int { Int(sotto_pool_threads(handle)) }

  /// The number of processors that the program may use.
  package static var processors: Int { max(1, ProcessInfo.processInfo.activeProcessorCount) }
}
