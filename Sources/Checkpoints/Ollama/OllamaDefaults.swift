import Basics

/// What a manifest of Ollama sets for a model, beside its weights.
public struct OllamaDefaults: Sendable, Equatable {
  /// The chat template in the language of Go's text/template.
  public let template: String?
  /// The system message of conversations without one.
  public let system: String?
  /// Texts that end an answer.
  public let stopStrings: [String]
  /// The sampling parameters.
  public let sampling: RecommendedSampling

  /// - Parameter parameters: the object of the layer `params`; values of other types are ignored.
  init(template: String?, system: String?, parameters: JSON?) {
    self.template = template
    self.system = system.flatMap { $0.allSatisfy(\.isWhitespace) ? nil : $0 }
    let stop = parameters?["stop"]
    stopStrings = (stop?.asArray?.compactMap(\.asString) ?? [stop?.asString].compactMap(\.self)).filter {
      !$0.isEmpty
    }
    func number(_ name: String) -> Double? { parameters?[name]?.asNumber }
    sampling = RecommendedSampling(
      temperature: number("temperature"), topP: number("top_p"), topK: number("top_k"),
      minP: number("min_p"), repetitionPenalty: number("repeat_penalty"))
  }
}
