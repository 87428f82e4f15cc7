import Checkpoints
import Conversation

extension ChatSettings {
  /// The default settings for a model: built-in values, overridden by the recommendations of the model, overridden by
  /// the settings file.
  package static func defaults(recommended: RecommendedSampling, file: RecommendedSampling) -> ChatSettings {
    var settings = ChatSettings()
    settings.topK = 40
    settings.minP = 0.05
    for (sampling, origin) in [(recommended, Origin.model), (file, .file)] {
      func take<Value>(_ value: Value?, _ name: String, _ path: WritableKeyPath<ChatSettings, Value>) {
        guard let value else { return }
        settings[keyPath: path] = value
        settings.origins[name] = origin
      }
      take(sampling.temperature, "temperature", \.temperature)
      take(sampling.topP, "top_p", \.topP)
      take(sampling.topK, "top_k", \.topK)
      take(sampling.minP, "min_p", \.minP)
      take(sampling.repetitionPenalty, "repetition_penalty", \.repetitionPenalty)
    }
    return settings
  }
}
