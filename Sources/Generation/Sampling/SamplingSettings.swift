/// How the next token is chosen from the logits.
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
  /// How many latest tokens count as recent.
  public var repetitionWindow: Int
  /// The same seed gives the same text; nil draws one.
  public var seed: UInt64?

  /// Settings with these values.
  public init(
    temperature: Float = 0.7, topP: Float = 0.95, topK: Int = 40, minP: Float = 0.05,
    repetitionPenalty: Float = 1, repetitionWindow: Int = 64, seed: UInt64? = nil
  ) {
    self.temperature = temperature
    self.topP = topP
    self.topK = topK
    self.minP = minP
    self.repetitionPenalty = repetitionPenalty
    self.repetitionWindow = repetitionWindow
    self.seed = seed
  }

  /// Always the likeliest token.
  public static let greedy = SamplingSettings(temperature: 0, topP: 1, topK: 0, minP: 0)
}
