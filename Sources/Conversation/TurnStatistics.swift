/// Where the reused part of a prompt came from.
public enum ReuseKind: String, Sendable, Codable, CaseIterable {
  /// The cache of a sequence that begins as the prompt does.
  case prefix
  /// A copy of the cache that was made earlier, at a place where the prompt still agreed.
  case snapshot
  /// A cache that was saved with its session.
  case disk
  /// Most of it was read while the person typed.
  case typedAhead = "typed ahead"
  /// Nothing was reused.
  case nothing = "none"
}

/// What one turn took, as the engine measured it. Times are in seconds, rates in tokens a second.
public struct TurnStatistics: Sendable, Equatable, Codable {
  /// Tokens of the whole prompt, those found in the cache included.
  public var promptTokens: Int
  /// Tokens of the prompt that the cache already held.
  public var reusedTokens: Int
  /// Tokens written, reasoning included.
  public var generatedTokens: Int
  /// From Enter to the first token; nil before it came.
  public var timeToFirstToken: Double?
  /// New prompt tokens read a second; nil when there were none.
  public var promptTokensPerSecond: Double?
  /// Tokens written a second, the first not counted; nil before the second.
  public var tokensPerSecond: Double?
  /// Tokens in the context at the end: prompt and answer.
  public var contextUsed: Int
  /// Why the cache could not be used further, in a few words; nil when it was used as far as possible.
  public var missReason: String?
  /// Where the reused part came from; nil when that is not known.
  public var reuse: ReuseKind?

  /// Statistics with nothing counted but what is given.
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

  /// Tokens of the prompt that had to be read.
  public var newTokens: Int { max(0, promptTokens - reusedTokens) }
}
