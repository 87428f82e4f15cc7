import Checkpoints
import Conversation
import Generation

extension ChatSettings {
  /// The default settings for a model: built-in values, overridden by the recommendations of the model.
  package static func defaults(recommended: RecommendedSampling) -> ChatSettings {
    var settings = ChatSettings()
    settings.topK = 40
    settings.minP = 0.05
    func take<Value>(_ value: Value?, _ name: String, _ path: WritableKeyPath<ChatSettings, Value>) {
      guard let value else { return }
      settings[keyPath: path] = value
      settings.origins[name] = .model
    }
    take(recommended.temperature, "temperature", \.temperature)
    take(recommended.topP, "top_p", \.topP)
    take(recommended.topK, "top_k", \.topK)
    take(recommended.minP, "min_p", \.minP)
    take(recommended.repetitionPenalty, "repetition_penalty", \.repetitionPenalty)
    return settings
  }

  /// The settings of the sampler.
  package var sampling: SamplingSettings {
    SamplingSettings(
      temperature: Float(temperature), topP: Float(topP), topK: topK, minP: Float(minP),
      repetitionPenalty: Float(repetitionPenalty), seed: seed.map { UInt64(bitPattern: Int64($0)) })
  }
}

extension OpenedModel {
  /// The default settings for answers of this model.
  package var defaultSettings: ChatSettings { .defaults(recommended: checkpoint.recommendedSampling) }
}
