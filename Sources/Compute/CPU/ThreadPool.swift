import CKernels
import Foundation

/// The threads that kernels divide their work over. One run costs well below a microsecond while the
/// threads are awake; they sleep a fraction of a millisecond after the last run.
///
/// Kernels take `handle` and decide for themselves whether an operation is worth dividing.
package final class ThreadPool {
  package let handle: OpaquePointer?

  /// - Parameter threads: the calling thread included; at least 1. Fewer where the system refuses them.
  package init(threads: Int) {
    handle = sotto_pool_create(Int32(clamping: threads))
  }

  deinit { sotto_pool_destroy(handle) }

  /// Threads in the pool, the caller included.
  package var threads: Int { Int(sotto_pool_threads(handle)) }

  /// Processors that the program may run on.
  package static var processors: Int { max(1, ProcessInfo.processInfo.activeProcessorCount) }
}
