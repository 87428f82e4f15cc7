/// How the next token is chosen from the logits; the order of the steps is that of `SamplingParameters`.
public struct SamplingSettings: Sendable, Equatable {
  /// Divides the logits; 0 takes the likeliest token.
  public var temperature: Float
  /// Keeps the likeliest tokens whose probabilities reach this sum; 1 keeps all.
  public var topP: Float
  /// Keeps this many of the likeliest tokens; 0 keeps all.
  public var topK: Int
  /// Keeps tokens at least this fraction as likely as the likeliest; 0 keeps all.
  public var minP: Float
  /// Divides positive and multiplies negative logits of recent tokens (arXiv:1909.05858); 1 is off.
  public var repetitionPenalty: Float
  /// Subtracted from the logits of recent tokens; 0 is off.
  public var presencePenalty: Float
  /// Subtracted from the logits of recent tokens for each time that they came; 0 is off.
  public var frequencyPenalty: Float
  /// How many latest tokens, of the prompt and of the answer, count as recent for the three penalties.
  public var repetitionWindow: Int
  /// Added to tokens' logits before the penalties, by id.
  public var logitBias: [Int32: Float]
  /// The same seed gives the same text; nil draws one.
  public var seed: UInt64?

  /// Settings with these values.
  public init(
    temperature: Float = 0.7, topP: Float = 0.95, topK: Int = 40, minP: Float = 0.05,
    repetitionPenalty: Float = 1, presencePenalty: Float = 0, frequencyPenalty: Float = 0,
    repetitionWindow: Int = 64, logitBias: [Int32: Float] = [:], seed: UInt64? = nil
  ) {
    self.temperature = temperature
    self.topP = topP
    self.topK = topK
    self.minP = minP
    self.repetitionPenalty = repetitionPenalty
    self.presencePenalty = presencePenalty
    self.frequencyPenalty = frequencyPenalty
    self.repetitionWindow = repetitionWindow
    self.logitBias = logitBias
    self.seed = seed
  }

  /// Always the likeliest token.
  public static let greedy = SamplingSettings(temperature: 0, topP: 1, topK: 0, minP: 0)
}
