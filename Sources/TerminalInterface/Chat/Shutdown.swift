import Conversation

/// The steps between the end of the interface and the end of the process: wait until the conversation is on disk, then
/// save the prompt caches within a time limit.
package struct Shutdown: Sendable {
  package let engine: any ChatEngine
  /// The session store; nil for none.
  package let sessions: SessionStore?
  /// The session that was shown last; nil when it is not saved.
  package let session: String?
  /// The effects on sessions that may not be complete.
  package let effects: EffectQueue?

  package init(
    engine: any ChatEngine, sessions: SessionStore?, session: String?, effects: EffectQueue? = nil
  ) {
    (self.engine, self.sessions, self.session, self.effects) = (engine, sessions, session, effects)
  }

  /// The last message of the program.
  package enum ExitMessage: Sendable, Equatable {
    case nothing
    /// How to resume the conversation.
    case resumable(String)
    /// Why it was not saved.
    case notSaved(String)

    /// - Parameters:
    ///   - isSaved: whether the session was saved before.
    ///   - outcome: the outcome of the last save.
    package static func decide(
      session: String?, isSaved: Bool, outcome: SessionStore.Outcome?, status: Int32
    ) -> ExitMessage {
      switch outcome {
      case .failed(let reason): return .notSaved(reason)
      case .copied(let copy): return status == 0 ? .resumable(copy) : .nothing
      case .saved, nil: break
      }
      guard status == 0, isSaved, let session else { return .nothing }
      return .resumable(session)
    }
  }

  /// Waits until the conversation is saved, and calls `onDelay` after one second.
  /// - Returns: the outcome of the last save; nil when there was none.
  package func waitForSave(onDelay: @escaping @Sendable () -> Void) async -> SessionStore.Outcome? {
    guard let sessions else { return nil }
    let watch = Task {
      try await Task.sleep(for: .seconds(1))
      onDelay()
    }
    await sessions.flush()
    watch.cancel()
    return session.flatMap { sessions.outcome(of: $0) }
  }

  /// Saves the prompt caches and closes the database within a time limit.
  package func saveCaches(timeout limit: Duration) async {
    let (engine, sessions, session, effects) = (engine, sessions, session, effects)
    await Self.run(timeout: limit) {
      async let closed: Void? = sessions?.close()
      await effects?.finish()
      if let session { await engine.close(session: session) }
      await closed
    }
  }

  /// Runs work with a time limit; then cancels it and waits 100 ms for its cleanup.
  private static func run(timeout limit: Duration, _ work: @escaping @Sendable () async -> Void) async {
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
