/// How the token of one row is sampled from its logits. The steps are, in this order: adjustments, temperature,
/// top-k, top-p, min-p (each filter applies to what the one before it kept), and a draw.
///
/// Each row has its own random number, so that a seed gives the same draws on every backend, independently of other
/// rows.
public struct SamplingParameters: Sendable, Equatable {
  /// Divides the logits; 0 is greedy: the largest logit, the lowest id among equals.
  public var temperature: Float
  /// Keeps this many of the most likely tokens; 0 keeps all.
  public var topK: Int
  /// Keeps the most likely tokens whose probabilities reach this sum (arXiv:1904.09751), at least one; 1 keeps all.
  public var topP: Float
  /// Keeps tokens at least this fraction as likely as the most likely one (arXiv:2407.01082); 0 keeps all.
  public var minP: Float
  /// Changes to the logits of some tokens, at most one per token.
  public var adjustments: [LogitAdjustment]
  /// In [0, 1). The result is the first token at which the cumulative probability of the kept tokens, in ascending
  /// order of ids, exceeds it.
  public var uniform: Double

  /// Parameters that sample from all tokens by default.
  public init(
    temperature: Float = 1, topK: Int = 0, topP: Float = 1, minP: Float = 0,
    adjustments: [LogitAdjustment] = [], uniform: Double
  ) {
    self.temperature = temperature
    self.topK = topK
    self.topP = topP
    self.minP = minP
    self.adjustments = adjustments
    self.uniform = uniform
  }

  /// Greedy sampling.
  public static let greedy = SamplingParameters(temperature: 0, uniform: 0)
}

/// A change to one token's logit x before sampling: y = x + bias, then y / repetition if y is positive and y *
/// repetition otherwise (arXiv:1909.05858), then y - penalty.
public struct LogitAdjustment: Sendable, Equatable {
  /// The token; ids outside the vocabulary are ignored.
  public var token: Int32
  /// The logit bias.
  public var bias: Float
  /// The repetition penalty; 1 is off.
  public var repetition: Float
  /// The presence penalty, plus the frequency penalty times the number of occurrences.
  public var penalty: Float

  /// A change without effect by default.
  public init(token: Int32, bias: Float = 0, repetition: Float = 1, penalty: Float = 0) {
    self.token = token
    self.bias = bias
    self.repetition = repetition
    self.penalty = penalty
  }
}

/// Natural logarithms of probabilities at one position, from the unadjusted logits.
public struct TokenLogProbabilities: Sendable, Equatable {
  /// A token and its log probability.
  public struct Entry: Sendable, Equatable {
    /// The token.
    public let token: Int32
    /// Its log probability.
    public let logProbability: Float

    /// An entry.
    public init(token: Int32, logProbability: Float) {
      self.token = token
      self.logProbability = logProbability
    }
  }

  /// The requested token.
  public let token: Entry
  /// The most likely tokens in descending order.
  public let best: [Entry]

  /// Log probabilities of these tokens.
  public init(token: Entry, best: [Entry]) {
    self.token = token
    self.best = best
  }
}
