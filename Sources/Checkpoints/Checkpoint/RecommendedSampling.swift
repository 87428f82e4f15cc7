import Basics

/// The sampling parameters that the authors of a model recommend; nil for those without a recommendation.
public struct RecommendedSampling: Sendable, Equatable {
  /// The softmax temperature; 0 selects the most likely token.
  public var temperature: Double?
  /// The total probability of the most likely tokens that are kept.
  public var topP: Double?
  /// The number of the most likely tokens that are kept; 0 for all.
  public var topK: Int?
  /// The least probability of the tokens that are kept, relative to the highest.
  public var minP: Double?
  /// The penalty on the logits of tokens that occurred before; 1 for none.
  public var repetitionPenalty: Double?

  /// No recommendation.
  public init() {}

  /// Values out of range are ignored.
  init(
    temperature: Double?, topP: Double?, topK: Double?, minP: Double?, repetitionPenalty: Double?
  ) {
    func valid(_ value: Double?, _ range: ClosedRange<Double>) -> Double? {
      value.flatMap { range.contains($0) ? $0 : nil }
    }
    self.temperature = valid(temperature, 0...10)
    self.topP = valid(topP, 0...1)
    self.topK = valid(topK, 0...1_000_000).map { Int($0) }
    self.minP = valid(minP, 0...1)
    self.repetitionPenalty = valid(repetitionPenalty, 0.01...10)
  }

  /// These values, and those of `other` where this has none.
  func completed(with other: RecommendedSampling) -> RecommendedSampling {
    RecommendedSampling(
      temperature: temperature ?? other.temperature, topP: topP ?? other.topP,
      topK: (topK ?? other.topK).map(Double.init), minP: minP ?? other.minP,
      repetitionPenalty: repetitionPenalty ?? other.repetitionPenalty)
  }
}

extension Checkpoint {
  /// The sampling that generation_config.json, or a GGUF file's `general.sampling.*`, recommends. A file that
  /// cannot be read recommends nothing.
  public var recommendedSampling: RecommendedSampling {
    if let gguf {
      func number(_ names: String...) -> Double? {
        names.lazy.compactMap { gguf.number("general.sampling.\($0)") }.first
      }
      let own = RecommendedSampling(
        temperature: number("temp", "temperature"), topP: number("top_p"), topK: number("top_k"),
        minP: number("min_p"), repetitionPenalty: number("penalty_repeat", "repetition_penalty"))
      return own.completed(with: ollama?.sampling ?? RecommendedSampling())
    }
    guard let bytes = try? tokenizerFile("generation_config.json"), let json = try? JSON(parsing: bytes)
    else {
      return RecommendedSampling()
    }
    func number(_ name: String) -> Double? { json[name]?.asNumber }
    return RecommendedSampling(
      temperature: number("temperature"), topP: number("top_p"), topK: number("top_k"), minP: number("min_p"),
      repetitionPenalty: number("repetition_penalty"))
  }
}

extension GGUFMetadata {
  /// A number of any type; nil for other values and missing keys.
  fileprivate func number(_ key: String) -> Double? {
    switch self[key] {
    case .integer(let value): Double(value)
    case .number(let value): Double(value)
    default: nil
    }
  }
}
