/// How the token of one row is chosen from its logits. In this order: the adjustments, the division by the temperature,
/// top-k, top-p and min-p, each on what the one before it has left; then a draw.
///
/// A row brings its own random number, so that a seed gives the same draws on every backend and whatever other rows are
/// sampled with it.
public struct SamplingParameters: Sendable, Equatable {
  /// Divides the logits; 0 takes the largest logit, of equals the one with the lowest id.
  public var temperature: Float
  /// Keeps this many of the likeliest tokens; 0 keeps all.
  public var topK: Int
  /// Keeps the likeliest tokens whose probabilities reach this sum (arXiv:1904.09751), at least one; 1 keeps all.
  public var topP: Float
  /// Keeps tokens at least this fraction as likely as the likeliest (arXiv:2407.01082); 0 keeps all.
  public var minP: Float
  /// Changes to some tokens' logits, one a token.
  public var adjustments: [LogitAdjustment]
  /// In [0, 1): the token is the first at which the sum of the kept tokens' probabilities, by rising id, exceeds it.
  public var uniform: Double

  /// Parameters that draw from all tokens where nothing is said.
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

  /// The largest logit.
  public static let greedy = SamplingParameters(temperature: 0, uniform: 0)
}

/// A change to one token's logit x before it is sampled: y = x + bias, then y / repetition where y is positive and
/// y * repetition elsewhere (arXiv:1909.05858), then y - penalty.
public struct LogitAdjustment: Sendable, Equatable {
  /// The token; ids outside of the vocabulary are ignored.
  public var token: Int32
  /// The logit bias.
  public var bias: Float
  /// The repetition penalty; 1 is off.
  public var repetition: Float
  /// The presence penalty and, for each time that the token came, the frequency penalty.
  public var penalty: Float

  /// A change that leaves the logit as it is where nothing is said.
  public init(token: Int32, bias: Float = 0, repetition: Float = 1, penalty: Float = 0) {
    self.token = token
    self.bias = bias
    self.repetition = repetition
    self.penalty = penalty
  }
}

/// Natural logarithms of probabilities at one position, of the logits as the model gave them.
public struct TokenLogProbabilities: Sendable, Equatable {
  /// A token and the logarithm of its probability.
  public struct Entry: Sendable, Equatable {
    /// The token.
    public let token: Int32
    /// The logarithm of its probability.
    public let logProbability: Float

    /// An entry.
    public init(token: Int32, logProbability: Float) {
      self.token = token
      self.logProbability = logProbability
    }
  }

  /// The token that was asked for.
  public let token: Entry
  /// The likeliest tokens, the likeliest first.
  public let best: [Entry]

  /// Log probabilities of these tokens.
  public init(token: Entry, best: [Entry]) {
    self.token = token
    self.best = best
  }
}
