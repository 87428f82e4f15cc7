import Conversation

/// What the screen needs of the world: models, and answers as a stream of events.
///
/// The screen never blocks on any of these: what is `async` is called from a task of its own, and what comes back is
/// posted to the screen's thread. `send`, `cancel`, `answerNow` and `readAhead` are called by the screen's thread
/// itself, in the order in which things happened, and return at once. Implementations are free to be actors.
public protocol ChatEngine: Sendable {
  /// The models that can be switched to, in the order in which they are to be shown.
  func models() async -> [ModelSummary]

  /// The same, with what each of them has warm of a conversation; nil for none.
  func models(for conversation: ChatRequest?) async -> [ModelSummary]

  /// The model that answers now; nil before one is loaded.
  func currentModel() async -> ModelInfo?

  /// Loads a model by the name that `models()` gives, or by a path, and makes it the one that answers what is sent
  /// from then on. An answer that is being written is its own model's to its end, and nothing waits for it.
  ///
  /// Throws an error whose description is shown to the person as it is; the earlier model then stays.
  func switchModel(to name: String) async throws -> ModelInfo

  /// The settings that hold for the current model before the person changes any.
  func defaultSettings() async -> ChatSettings

  /// Answers a conversation. The stream ends after `.finished` or `.failed`, always one of the two.
  ///
  /// Ending the iteration early must cancel as `cancel()` does.
  func send(_ request: ChatRequest) -> AsyncStream<EngineEvent>

  /// Stops the answer that was asked for last, also where it has not begun yet; its stream then finishes with the
  /// reason `.cancelled`.
  func cancel()

  /// Ends the thoughts of the answer that was asked for last, so that the answer itself follows from those so far.
  /// Of no effect where no thoughts are being written.
  func answerNow()

  /// Reads what is likely to be sent next, in the background: the conversation, ending with the draft as the person's
  /// message, or without one when the draft is empty. The draft will still change at its end.
  ///
  /// Returns at once. The next call and `send` supersede what an earlier one asked for; work that is of use to them
  /// is kept.
  func readAhead(_ request: ChatRequest)

  /// Calls `report` with everything that the person should know and nobody asked for.
  func listen(_ report: @escaping @Sendable (String) -> Void)

  /// The person turned to a session: what is kept of its caches on disk may be loaded.
  func open(session: String) async

  /// The person left a session: its caches may be saved and given back. A cancelled task need not save them.
  func close(session: String) async

  /// The person deleted a session: nothing of it is to be kept anywhere.
  func forget(session: String) async

  /// What the prompt caches hold, of a session's conversation among others.
  func cacheReport(for session: String) async -> CacheReport

  /// Gives back all prompt caches, in memory and on disk. Returns the bytes given back, without those that an answer
  /// still uses; nil when this engine keeps none.
  func clearCaches() async -> Int?
}

/// An engine without thoughts that reads nothing ahead and keeps no caches.
extension ChatEngine {
  /// There is nothing to cut short.
  public func answerNow() {}

  /// The models, nothing of the conversation being warm.
  public func models(for conversation: ChatRequest?) async -> [ModelSummary] { await models() }

  /// Reads nothing.
  public func readAhead(_ request: ChatRequest) {}

  /// There is nothing to tell.
  public func listen(_ report: @escaping @Sendable (String) -> Void) {}

  /// Loads nothing.
  public func open(session: String) async {}

  /// Saves nothing.
  public func close(session: String) async {}

  /// There is nothing to forget.
  public func forget(session: String) async {}

  /// A report of nothing.
  public func cacheReport(for session: String) async -> CacheReport { CacheReport() }

  /// Nothing was kept.
  public func clearCaches() async -> Int? { nil }
}
