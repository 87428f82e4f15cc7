/// Sampling settings of a request. The steps are applied in the order of `SamplingParameters`.
public struct SamplingSettings: Sendable, Equatable {
  /// Divides the logits; 0 is greedy.
  public var temperature: Float
  /// Keeps the most likely tokens whose probabilities reach this sum; 1 keeps all.
  public var topP: Float
  /// Keeps this many of the most likely tokens; 0 keeps all.
  public var topK: Int
  /// Keeps tokens at least this fraction as likely as the most likely one; 0 keeps all.
  public var minP: Float
  /// Divides positive and multiplies negative logits of recent tokens (arXiv:1909.05858); 1 is off.
  public var repetitionPenalty: Float
  /// Subtracted from the logits of recent tokens; 0 is off.
  public var presencePenalty: Float
  /// Subtracted from the logits of recent tokens for each occurrence; 0 is off.
  public var frequencyPenalty: Float
  /// The number of most recent tokens, of prompt and answer, that the three penalties consider.
  public var repetitionWindow: Int
  /// Added to the logits before the penalties, by token id.
  public var logitBias: [Int32: Float]
  /// The same seed gives the same text; nil for a random seed.
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

  /// Greedy sampling.
  public static let greedy = SamplingSettings(temperature: 0, topP: 1, topK: 0, minP: 0)
}
