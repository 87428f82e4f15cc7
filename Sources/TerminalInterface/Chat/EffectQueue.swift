import Synchronization

/// Runs asynchronous work one at a time, in the order in which it was added.
package final class EffectQueue: Sendable {
  private let tasks = Mutex<[Task<Void, Never>]>([])

  package init() {}

  /// Adds work.
  package func add(_ work: @escaping @Sendable () async -> Void) {
    tasks.withLock { tasks in
      let previous = tasks.last
      tasks.append(
        Task {
          await previous?.value
          await work()
        })
    }
  }

  /// Returns when all work is complete. Cancellation of the caller cancels the work, which is still run: the work
  /// itself decides what it omits.
  package func finish() async {
    await withTaskCancellationHandler {
      await tasks.withLock(\.last)?.value
    } onCancel: {
      for task in tasks.withLock({ $0 }) { task.cancel() }
    }
  }
}
