/// A generation request.
public struct GenerationRequest: Sendable {
  /// Which requests go first.
  public enum Priority: Sendable {
    /// A user waits for the answer.
    case turn
    /// One of many. Pauses while a turn runs. Only prefixes that several requests share are kept in the prompt cache.
    case batch
  }

  /// The prompt.
  public var prompt: Prompt
  /// How tokens are sampled.
  public var sampling: SamplingSettings
  /// The largest number of tokens to generate.
  public var maxTokens: Int
  /// Texts that end the answer and are not part of it.
  public var stopStrings: [String]
  /// Limits the reasoning of a reasoning model, to leave room for the answer.
  public var thoughtLimit: ThoughtLimit?
  /// The session that the request belongs to; its caches are saved and deleted with the session.
  public var session: String?
  /// Whether it goes before or after others.
  public var priority = Priority.turn
  /// Whether the prompt cache is bypassed, for measurements.
  public var isCold = false
  /// The number of most likely tokens whose log probabilities are reported with that of each sampled token; nil to
  /// report none.
  public var logProbabilities: Int?
  /// Whether tokens are proposed and verified several at a time.
  public var speculation = SpeculationSettings()

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

/// A speculative prefill: a prompt's probable beginning, processed before it is sent.
public struct ReadAheadRequest: Sendable {
  /// The kind of text.
  public enum Purpose: Sendable {
    /// The common beginning of all conversations with this model.
    case head
    /// The conversation as it will be at the start of the next prompt.
    case history
    /// The conversation and the stable part of the draft.
    case draft
    /// The whole next prompt, as if the draft were sent now. The logits after it are kept, so that the first token of
    /// the answer costs one draw.
    case turn
  }

  /// The probable beginning of the next prompt.
  public var prompt: Prompt
  /// The kind of text.
  public var purpose: Purpose
  /// The session that it belongs to.
  public var session: String?

  /// A request to prefill `prompt` speculatively.
  public init(prompt: Prompt, purpose: Purpose, session: String? = nil) {
    self.prompt = prompt
    self.purpose = purpose
    self.session = session
  }
}
