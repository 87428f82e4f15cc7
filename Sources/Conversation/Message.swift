/// The author of a message.
public enum Role: String, Sendable, Codable, CaseIterable {
  /// Instructions before the conversation.
  case system
  /// The user.
  case user
  /// The model.
  case assistant
  /// The result of a tool call.
  case tool
}

/// The two channels of the output: reasoning and answer.
public enum Channel: String, Sendable, Codable {
  /// The reasoning (between `<think>` tags, or harmony's analysis channel): shown folded, never part of the answer.
  case reasoning
  /// The answer to the user.
  case answer
}

/// The reason for the end of an answer.
public enum FinishReason: String, Sendable, Codable {
  /// The model ended its turn or generated a stop string.
  case stop
  /// The token limit was reached.
  case length
  /// The end of the context, or the memory limit of the caches, was reached.
  case contextFull = "context"
  /// The user stopped it; the text so far is kept.
  case cancelled
  /// An error occurred.
  case failed
}

/// A message of a conversation, with separate reasoning and answer, both as the unmodified text of the model or the user.
///
/// Control characters are kept; they are replaced only where text is drawn.
public struct Message: Sendable, Equatable, Codable {
  /// The author.
  public var role: Role
  /// The text.
  public var content: String
  /// The reasoning before the answer; empty for none.
  public var reasoning: String
  /// The duration of the reasoning in seconds; nil when there was none, or when it is unknown.
  public var reasoningTime: Double?
  /// The name of the model; nil for a user's message.
  public var model: String?
  /// Why it ended; nil while it streams and for a user's message.
  public var finish: FinishReason?
  /// The measurements of its turn; nil for a user's message.
  public var statistics: TurnStatistics?

  /// A message with the given role and content.
  public init(
    role: Role, content: String, reasoning: String = "", reasoningTime: Double? = nil, model: String? = nil,
    finish: FinishReason? = nil,
    statistics: TurnStatistics? = nil
  ) {
    self.role = role
    self.content = content
    self.reasoning = reasoning
    self.reasoningTime = reasoningTime
    self.model = model
    self.finish = finish
    self.statistics = statistics
  }
}
