/// A conversation to answer or to prefill.
public struct ChatRequest: Sendable, Equatable {
  /// The whole conversation: the system message first, if there is one, and the message to answer last. A request to
  /// prefill may end with an answer, or be empty.
  public var messages: [Message]
  /// The settings of sampling, length and reasoning effort.
  public var settings: ChatSettings
  /// Whether the last message is an incomplete answer that is to be continued.
  public var continuesAnswer = false
  /// The session, saved or not, whose caches the request uses; nil for none.
  public var session: String?
  /// The number of the turn, to cancel it.
  public var turn = 0
  /// The model that answers; nil for the current one.
  public var model: String?
  /// Whether the answer is one of several to the same message, which may run together. The conversation does not go on
  /// from it yet.
  public var isAlternative = false

  /// A request with these messages, settings and session.
  public init(messages: [Message], settings: ChatSettings, session: String? = nil) {
    self.messages = messages
    self.settings = settings
    self.session = session
  }
}
