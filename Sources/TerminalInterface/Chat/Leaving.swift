import Conversation

/// The end of a chat, once the terminal is given back: the conversation is on disk before the process ends; all else
/// only saves work later, and nobody waits for it longer than a moment.
package struct Leaving: Sendable {
  package let engine: any ChatEngine
  /// Where sessions are kept; nil for nowhere.
  package let sessions: SessionStore?
  /// The session that was shown last; nil when it is not kept.
  package let session: String?

  package init(engine: any ChatEngine, sessions: SessionStore?, session: String?) {
    (self.engine, self.sessions, self.session) = (engine, sessions, session)
  }

  /// What is still to be said of the conversation.
  package enum Farewell: Sendable, Equatable {
    case nothing
    /// How to go on with it.
    case goesOn(String)
    /// Why it is not kept.
    case notSaved(String)

    /// - Parameters:
    ///   - isKept: whether the session has been on disk as far as the screen knows.
    ///   - outcome: what became of saving it last.
    package static func decide(
      session: String?, isKept: Bool, outcome: SessionStore.Outcome?, status: Int32
    ) -> Farewell {
      switch outcome {
      case .failed(let reason): return .notSaved(reason)
      case .copied(let copy): return status == 0 ? .goesOn(copy) : .nothing
      case .saved, nil: break
      }
      guard status == 0, isKept, let session else { return .nothing }
      return .goesOn(session)
    }
  }

  /// Waits for the conversation, and calls `waiting` when that takes its time.
  /// - Returns: what became of saving it last; nil when that was never asked for.
  package func save(waiting: @escaping @Sendable () -> Void) async -> SessionStore.Outcome? {
    guard let sessions else { return nil }
    let watch = Task {
      try await Task.sleep(for: .seconds(1))
      waiting()
    }
    await sessions.flush()
    watch.cancel()
    return session.flatMap { sessions.outcome(of: $0) }
  }

  /// Saves the caches and tidies the database, as far as that goes within a time.
  package func tidy(atMost limit: Duration) async {
    let (engine, sessions, session) = (engine, sessions, session)
    await Self.atMost(limit) {
      async let closed: Void? = sessions?.close()
      if let session { await engine.close(session: session) }
      await closed
    }
  }

  /// Waits for work until a time is over; the work is then cancelled, and has a moment to clear up.
  private static func atMost(_ limit: Duration, _ work: @escaping @Sendable () async -> Void) async {
    let (done, continuation) = AsyncStream.makeStream(of: Void.self)
    let task = Task {
      await work()
      continuation.finish()
    }
    let watch = Task {
      try await Task.sleep(for: limit)
      task.cancel()
      try await Task.sleep(for: .milliseconds(100))
      continuation.finish()
    }
    for await _ in done {}
    watch.cancel()
  }
}
