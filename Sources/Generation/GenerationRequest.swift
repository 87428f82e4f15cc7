/// What to generate.
public struct GenerationRequest: Sendable {
  /// What the model reads.
  public var prompt: Prompt
  /// How tokens are chosen.
  public var sampling: SamplingSettings
  /// Tokens to generate at the most.
  public var maxTokens: Int
  /// Texts that end the answer and are not part of it.
  public var stopStrings: [String]
  /// For models that think: keeps room for the answer.
  public var thoughtLimit: ThoughtLimit?
  /// The conversation that this belongs to, for the caches that are kept with it.
  public var session: String?
  /// Whether the prompt cache is left out of it, to measure what it saves.
  public var isCold = false

  /// A request with these limits.
  public init(
    prompt: Prompt, sampling: SamplingSettings = SamplingSettings(), maxTokens: Int = 2048,
    stopStrings: [String] = [], thoughtLimit: ThoughtLimit? = nil, session: String? = nil
  ) {
    self.prompt = prompt
    self.sampling = sampling
    self.maxTokens = maxTokens
    self.stopStrings = stopStrings
    self.thoughtLimit = thoughtLimit
    self.session = session
  }
}

/// What to read before it is asked for, while nobody waits.
public struct ReadAheadRequest: Sendable {
  /// Why it is read.
  public enum Purpose: Sendable {
    /// What every conversation with this model begins with.
    case head
    /// The conversation as the next prompt will begin.
    case history
    /// The conversation and the part of the draft that will probably stay.
    case draft
  }

  /// What will be the beginning of the next prompt.
  public var prompt: Prompt
  /// Why it is read.
  public var purpose: Purpose
  /// The conversation that this belongs to.
  public var session: String?

  /// A request to read `prompt` ahead.
  public init(prompt: Prompt, purpose: Purpose, session: String? = nil) {
    self.prompt = prompt
    self.purpose = purpose
    self.session = session
  }
}
