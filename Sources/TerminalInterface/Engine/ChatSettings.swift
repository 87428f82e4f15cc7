/// How answers are prepared and sampled, as the person set it. A nil means the model's or the engine's own choice.
public struct ChatSettings: Sendable, Equatable {
  /// Softmax temperature; 0 always takes the likeliest token.
  public var temperature: Double = 0.7
  /// Nucleus sampling: the smallest set of tokens with this much probability together.
  public var topP: Double = 0.95
  /// Only the k likeliest tokens; 0 for all.
  public var topK: Int = 0
  /// Only tokens with at least this share of the likeliest one's probability.
  public var minP: Double = 0
  /// Divides the logits of tokens already seen; 1 for none.
  public var repetitionPenalty: Double = 1
  /// Makes sampling repeatable; nil for a new one each turn.
  public var seed: Int?
  /// Tokens of one answer, reasoning included; nil for as many as fit.
  public var maxTokens: Int?
  /// One of the model's levels of effort; nil for its default.
  public var effort: String?
  /// Read the draft ahead while it is typed.
  public var typingAhead = true

  /// The settings written above.
  public init() {}

  /// These settings as a model begins with them: what concerns no model stays as it is in `kept`.
  package func keeping(_ kept: ChatSettings) -> ChatSettings {
    var settings = self
    settings.typingAhead = kept.typingAhead
    return settings
  }
}
