import Conversation

/// A conversation, to be answered or to be read ahead.
public struct ChatRequest: Sendable, Equatable {
  /// The whole conversation, a system message first if there is one, ending with the message to answer.
  /// What is read ahead may end with an answer, or be empty.
  public var messages: [Message]
  /// How to sample, how long, how hard to think.
  public var settings: ChatSettings
  /// The session that it belongs to, kept or not, under which its caches are known; nil for none.
  public var session: String?

  /// These messages of a session, to be answered with these settings.
  public init(messages: [Message], settings: ChatSettings, session: String? = nil) {
    self.messages = messages
    self.settings = settings
    self.session = session
  }
}
