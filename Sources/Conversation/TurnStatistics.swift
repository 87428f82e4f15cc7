/// The source of the reused tokens of a prompt.
public enum ReuseKind: String, Sendable, Codable, CaseIterable {
  /// The cache of a sequence with a common prefix.
  case prefix
  /// An earlier snapshot of a cache, at a position where the prompt still matched.
  case snapshot
  /// A saved cache of a session.
  case disk
  /// A speculative prefill while the user typed.
  case typedAhead = "typed ahead"
  /// Nothing was reused.
  case nothing = "none"
}

/// The measurements of one turn. Times are in seconds, rates in tokens per second.
public struct TurnStatistics: Sendable, Equatable, Codable {
  /// The tokens of the whole prompt, including the cached ones.
  public var promptTokens: Int
  /// The prompt tokens that were cached.
  public var reusedTokens: Int
  /// The generated tokens, reasoning included.
  public var generatedTokens: Int
  /// The time from Enter to the first token; nil before it.
  public var timeToFirstToken: Double?
  /// The prefill speed in tokens per second; nil when there were no new tokens.
  public var promptTokensPerSecond: Double?
  /// The generation speed in tokens per second, without the first token; nil before the second.
  public var tokensPerSecond: Double?
  /// The tokens in the context at the end: prompt and answer.
  public var contextUsed: Int
  /// Why no more of the cache was reused; nil when as much as possible was.
  public var missReason: String?
  /// The source of the reused tokens; nil when unknown.
  public var reuse: ReuseKind?
  /// The tokens that were proposed and verified (speculative decoding); nil for none.
  public var draftedTokens: Int?
  /// The proposed tokens that became part of the answer.
  public var acceptedTokens: Int?
  /// The generation speed in equal parts of the answer, in tokens per second; nil when it is not known.
  public var speeds: [Double]?

  /// Statistics with these values.
  public init(
    promptTokens: Int = 0, reusedTokens: Int = 0, generatedTokens: Int = 0, timeToFirstToken: Double? = nil,
    promptTokensPerSecond: Double? = nil, tokensPerSecond: Double? = nil, contextUsed: Int = 0,
    missReason: String? = nil, reuse: ReuseKind? = nil
  ) {
    self.promptTokens = promptTokens
    self.reusedTokens = reusedTokens
    self.generatedTokens = generatedTokens
    self.timeToFirstToken = timeToFirstToken
    self.promptTokensPerSecond = promptTokensPerSecond
    self.tokensPerSecond = tokensPerSecond
    self.contextUsed = contextUsed
    self.missReason = missReason
    self.reuse = reuse
  }

  /// The prompt tokens that had to be prefilled.
  public var newTokens: Int { max(0, promptTokens - reusedTokens) }
}
