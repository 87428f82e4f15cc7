import Foundation

/// The executor of the generation actor: one thread of its own, so that computing never occupies the
/// threads that the rest of the program's concurrency shares. It lives as long as the program.
final class GenerationThread: SerialExecutor, @unchecked Sendable {
  private enum Work {
    case job(UnownedJob)
    /// Somebody who let others go first.
    case goOn(UnsafeContinuation<Void, Never>)
  }

  // `waiting` is touched only while `condition` is held.
  private let condition = NSCondition()
  private var waiting: [Work] = []

  init() {
    let thread = Thread { self.run() }
    thread.name = "sotto.generation"
    thread.stackSize = 8 << 20
    thread.start()
  }

  func enqueue(_ job: consuming ExecutorJob) {
    append(.job(UnownedJob(job)))
  }

  /// For work that runs here: lets all go first that waits for the thread. Costs a lock where nothing does; the
  /// shared threads are not needed for it, which may be busy.
  nonisolated(nonsending) func letOthersRun() async {
    guard hasWaiting else { return }
    await withUnsafeContinuation { append(.goOn($0)) }
  }

  private var hasWaiting: Bool { condition.withLock { !waiting.isEmpty } }

  private func append(_ work: Work) {
    condition.withLock {
      waiting.append(work)
      condition.signal()
    }
  }

  private func run() {
    while true {
      condition.lock()
      while waiting.isEmpty { condition.wait() }
      let next = waiting.removeFirst()
      condition.unlock()
      switch next {
      case .job(let job): job.runSynchronously(on: asUnownedSerialExecutor())
      case .goOn(let continuation): continuation.resume()
      }
    }
  }
}
