import Synchronization

/// The one thing that is read ahead at a time, and what it has taken the place of while that ends its chunk.
final class BackgroundWork: Sendable {
  private let newest = CurrentWork()
  private let running = CurrentWork()

  /// The caller's work takes the place of what runs, behind the chunk at hand: where chunks take longer than
  /// the person's next words, a draft would never be read otherwise.
  func start() -> CancellationFlag { newest.start { $0.retire() } }

  /// Whether work may begin on the generator's thread; it then runs until another enters.
  func enter(_ flag: CancellationFlag) -> Bool {
    running.replace(with: flag)
    return !flag.isRetired
  }

  /// All of it ends at once.
  func stop() {
    newest.stop()
    running.stop()
  }
}

/// What runs now of a kind of work of which one is enough.
final class CurrentWork: Sendable {
  private let current = Mutex<CancellationFlag?>(nil)

  /// New work takes the place of what runs, which is told so.
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
