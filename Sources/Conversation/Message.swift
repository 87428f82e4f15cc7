/// Who a message is from.
public enum Role: String, Sendable, Codable, CaseIterable {
  /// Instructions that stand before the conversation.
  case system
  /// The person at the keyboard.
  case user
  /// The model.
  case assistant
  /// The result of a tool that the model called.
  case tool
}

/// The two streams that a model writes: what it thinks, and what it says.
public enum Channel: String, Sendable, Codable {
  /// Thoughts (between `<think>` tags, harmony's analysis channel): shown folded, never part of the answer.
  case reasoning
  /// What the model says to the person.
  case answer
}

/// How an answer came to its end.
public enum FinishReason: String, Sendable, Codable {
  /// The model ended its turn or wrote a stop string.
  case stop
  /// The token limit or the end of the context was reached.
  case length
  /// The person stopped it; what is there is kept.
  case cancelled
  /// Something failed; the message says what.
  case failed
}

/// One message of a conversation: reasoning and answer apart, both plain text as the model or the person wrote it.
///
/// Text is data here: control characters are kept, and made visible where text is drawn or exported.
public struct Message: Sendable, Equatable, Codable {
  /// Who wrote it.
  public var role: Role
  /// What it says.
  public var content: String
  /// What the model thought before; empty when it did not.
  public var reasoning: String
  /// Seconds that the thinking took; nil when it did not, or when that is not known.
  public var reasoningTime: Double?
  /// The name of the model that wrote it; nil for a person's message.
  public var model: String?
  /// How it ended; nil while it streams and for a person's message.
  public var finish: FinishReason?
  /// What it took to write; nil for a person's message.
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
