/// The user's settings for answers. Nil means the default of the model or the engine.
public struct ChatSettings: Sendable, Equatable {
  /// Softmax temperature; 0 always selects the most likely token.
  public var temperature: Double = 0.7
  /// Nucleus sampling: the smallest set of tokens whose total probability reaches this value.
  public var topP: Double = 0.95
  /// Only the k most likely tokens; 0 for all.
  public var topK: Int = 0
  /// Only tokens with at least this fraction of the highest probability.
  public var minP: Double = 0
  /// Penalty on the logits of tokens that occurred before; 1 for none.
  public var repetitionPenalty: Double = 1
  /// The seed of sampling; nil for a new one each turn.
  public var seed: Int?
  /// The maximum tokens of an answer, reasoning included; nil for as many as fit the context.
  public var maxTokens: Int?
  /// One of the model's reasoning effort levels; nil for its default.
  public var effort: String?
  /// Whether the draft is prefilled while the user types.
  public var typingAhead = true

  /// Where the values come from, by the names of the settings; those that are not listed are built in.
  public var origins: [String: Origin] = [:]

  /// Where the value of a setting comes from.
  public enum Origin: String, Sendable, Equatable {
    /// The model's files recommend it.
    case model = "recommended by the model"
    /// The user's settings file.
    case file = "from settings.toml"
    /// The preset.
    case preset = "from the preset"
    /// An option of the command.
    case option = "from the command line"
    /// The user set it in this chat.
    case user = "set here"
  }

  /// The default settings.
  public init() {}
}
