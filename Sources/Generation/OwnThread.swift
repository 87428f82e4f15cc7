import Foundation

/// Work that takes its time, where it holds up neither what is computed nor the threads that the program shares.
package enum OwnThread {
  /// Does work on a new thread.
  package static func run<Result: Sendable>(_ work: @escaping @Sendable () throws -> Result) async throws
    -> Result
  {
    try await withCheckedThrowingContinuation { continuation in
      Thread.detachNewThread { continuation.resume(with: Swift.Result { try work() }) }
    }
  }
}
