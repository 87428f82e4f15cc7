import Basics
import Foundation

/// The executor of the generation actor: one thread of its own, so that computing never occupies the
/// threads that the rest of the program's concurrency shares. It lives as long as the program.
final class GenerationThread: SerialExecutor, @unchecked Sendable {
  // `jobs` is touched only while `condition` is held.
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
