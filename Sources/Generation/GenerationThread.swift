import Basics
import Foundation

/// The executor of the generation actor: a dedicated thread, so that computations don't block the cooperative thread
/// pool. It exists until the program ends.
final class GenerationThread: SerialExecutor, @unchecked Sendable {
  // `jobs` is accessed only while `condition` is held.
  private let condition = NSCondition()
  private var jobs: [UnownedJob] = []

  init() {
    let isStarted = OwnThread.start { self.run() }
    precondition(isStarted, "the system gave no thread for generation")
  }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    condition.withLock {
      jobs.append(job)
      condition.signal()
    }
  }

  /// Whether jobs wait for the thread.
  var hasJobs: Bool { condition.withLock { !jobs.isEmpty } }

  private func run() {
    while true {
      condition.lock()
      while jobs.isEmpty { condition.wait() }
      let job = jobs.removeFirst()
      condition.unlock()
      job.runSynchronously(on: asUnownedSerialExecutor())
    }
  }
}
