import Synchronization

/// Speculative prefill: only one request runs at a time, and a new one replaces it after its current chunk.
final class BackgroundWork: Sendable {
  private let newest = CurrentWork()
  private let running = CurrentWork()

  /// Replaces the running request, which finishes its current chunk. If a chunk takes longer than the pause between
  /// two words, a draft would otherwise never be prefilled.
  func start() -> CancellationFlag { newest.start { $0.retire() } }

  /// Whether work may start on the generator's thread. It then runs until another request enters.
  func enter(_ flag: CancellationFlag) -> Bool {
    running.replace(with: flag)
    return !flag.isRetired
  }

  /// Cancels the running and the pending request.
  func stop() {
    newest.stop()
    running.stop()
  }
}

/// The newest request of a kind of work that only one request may perform at a time.
final class CurrentWork: Sendable {
  private let current = Mutex<CancellationFlag?>(nil)

  /// Replaces the current request and calls `tell` with it.
  func start(_ tell: (CancellationFlag) -> Void = { $0.cancel() }) -> CancellationFlag {
    let flag = CancellationFlag()
    if let earlier = replace(with: flag) { tell(earlier) }
    return flag
  }

  @discardableResult
  func replace(with flag: CancellationFlag) -> CancellationFlag? {
    current.withLock { current in
      defer { current = flag }
      return current
    }
  }

  func stop() { current.withLock { $0?.cancel() } }
}

/// Wakes all that wait for a change.
final class Changes: Sendable {
  private struct Waiting {
    var signals: [Int: AsyncStream<Void>.Continuation] = [:]
    var latest = 0
  }

  private let waiting = Mutex(Waiting())

  /// Has a stream receive an element after each change, until `remove`.
  /// - Returns: the number to remove it with.
  func add(_ signal: AsyncStream<Void>.Continuation) -> Int {
    waiting.withLock { waiting in
      waiting.latest += 1
      waiting.signals[waiting.latest] = signal
      return waiting.latest
    }
  }

  func remove(_ number: Int) { waiting.withLock { _ = $0.signals.removeValue(forKey: number) } }

  func notify() {
    for signal in waiting.withLock({ Array($0.signals.values) }) { signal.yield() }
  }
}
