/// The engine behind a chat: it lists and loads models and streams answers as events.
///
/// The interface never blocks on these methods: it calls the `async` ones from tasks and posts the results to its own
/// thread. `send`, `cancel`, `answerNow`, `readAhead` and `prefillTurn` are called on the interface's thread, in the order of the
/// events, and return at once. Implementations may be actors.
public protocol ChatEngine: Sendable {
  /// The available models, in display order.
  func models() async -> [ModelSummary]

  /// The available models, with what each has cached of a conversation; nil for no conversation.
  func models(for conversation: ChatRequest?) async -> [ModelSummary]

  /// The current model; nil before one is loaded.
  func currentModel() async -> ModelInfo?

  /// Loads a model by the name that `models()` gives, or by a path, and makes it the current model. A running answer
  /// continues with its own model, and the switch does not wait for it.
  ///
  /// - Parameter progress: called with the percentage that is loaded, from any thread, if the load takes longer than a
  ///   second.
  /// - Throws: an error whose description is shown to the user, or `CancellationError` after `cancelLoading`; the
  ///   current model then stays.
  func switchModel(
    to name: String, progress: @escaping @Sendable (_ percent: Int) -> Void
  ) async throws -> ModelInfo

  /// Ends the load of a model. Returns at once.
  func cancelLoading()

  /// The default settings of the current model.
  func defaultSettings() async -> ChatSettings

  /// Answers a conversation. Requests that are alternatives run together.
  ///
  /// - Parameter receive: called with each event in order, from any thread and possibly from the one that computes: it
  ///   must return at once. The last event is `.finished`, `.contextExceeded` or `.failed`.
  func send(_ request: ChatRequest, _ receive: @escaping @Sendable (EngineEvent) -> Void)

  /// Stops the last requested answer, and all alternatives, even if they have not started; they then finish with the
  /// reason `.cancelled`.
  func cancel()

  /// Stops the answer of the request with this turn.
  func cancel(turn: Int)

  /// Ends the reasoning of the last requested answer, so that the answer itself starts. No effect when no reasoning is
  /// being generated.
  func answerNow()

  /// Speculatively prefills the likely next prompt in the background: the conversation, with the draft as the user's
  /// message, or without one when the draft is empty. The end of the draft will still change.
  ///
  /// Returns at once. The next call and `send` replace an earlier request; the tokens that they share stay cached.
  func readAhead(_ request: ChatRequest)

  /// Speculatively prefills the whole prompt of a turn, as if `request` were sent, so that `send` with the same messages
  /// starts with the first token. Called when a draft has not changed for a while.
  ///
  /// Returns at once. The next `readAhead`, `prefillTurn` or `send` replaces it.
  func prefillTurn(_ request: ChatRequest)

  /// The tokens of the last message, an answer, with their probabilities as the current model computes them. Empty when
  /// they are not known.
  ///
  /// - Throws: an error whose description is shown to the user.
  func inspect(_ request: ChatRequest) async throws -> [InspectedToken]

  /// A title for a conversation as the current model proposes it, unchecked; nil if there is none. Computed while
  /// nothing else is to do: every other request ends it, and `cancelTitle`. It changes no prompt cache.
  func proposeTitle(_ request: ChatRequest) async -> String?

  /// Ends `proposeTitle`, because the user does something. Returns at once.
  func cancelTitle()

  /// Calls `report` with each message for the user that no request returns.
  func listen(_ report: @escaping @Sendable (String) -> Void)

  /// The user opened a session: its saved caches may be loaded.
  func open(session: String) async

  /// The user closed a session: its caches may be saved and released. A cancelled task need not save them.
  func close(session: String) async

  /// The user deleted a session: nothing of it may stay in memory or on disk.
  func forget(session: String) async

  /// The contents of the prompt caches; marks the models that have cached the conversation of `session`.
  func cacheReport(for session: String) async -> CacheReport

  /// Deletes all prompt caches in memory and on disk. Returns the released bytes, without those that a running answer
  /// uses; nil when this engine has no caches.
  func clearCaches() async -> Int?
}

/// Defaults for an engine without reasoning, speculative prefill and caches.
extension ChatEngine {
  /// Loads without reporting progress.
  public func switchModel(to name: String) async throws -> ModelInfo {
    try await switchModel(to: name) { _ in }
  }

  /// Answers a conversation with a stream of events. Ending the iteration early cancels the answer.
  public func send(_ request: ChatRequest) -> AsyncStream<EngineEvent> {
    let (stream, continuation) = AsyncStream.makeStream(of: EngineEvent.self)
    continuation.onTermination = { if case .cancelled = $0 { cancel(turn: request.turn) } }
    send(request) { event in
      continuation.yield(event)
      if event.isEnd { continuation.finish() }
    }
    return stream
  }

  /// Does nothing.
  public func cancelLoading() {}

  /// Does nothing.
  public func answerNow() {}

  /// Stops all answers.
  public func cancel(turn: Int) { cancel() }

  /// The models, without cached tokens.
  public func models(for conversation: ChatRequest?) async -> [ModelSummary] { await models() }

  /// Does nothing.
  public func readAhead(_ request: ChatRequest) {}

  /// Does nothing.
  public func prefillTurn(_ request: ChatRequest) {}

  /// Empty: this engine knows no probabilities.
  public func inspect(_ request: ChatRequest) async throws -> [InspectedToken] { [] }

  /// None.
  public func proposeTitle(_ request: ChatRequest) async -> String? { nil }

  /// Does nothing.
  public func cancelTitle() {}

  /// Reports nothing.
  public func listen(_ report: @escaping @Sendable (String) -> Void) {}

  /// Does nothing.
  public func open(session: String) async {}

  /// Does nothing.
  public func close(session: String) async {}

  /// Does nothing.
  public func forget(session: String) async {}

  /// An empty report.
  public func cacheReport(for session: String) async -> CacheReport { CacheReport() }

  /// Nil: there are no caches.
  public func clearCaches() async -> Int? { nil }
}
