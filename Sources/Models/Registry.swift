import Checkpoints
import Compute

/// Which architectures there are. A new model is one file under Architectures and one line here.
public enum Registry {
  private typealias Factory = @Sendable (ModelConfiguration, ModelWeights) throws -> any LanguageModel

  private static let factories: [String: Factory] =
    [
      "gpt_oss": { try GPTOSS.model($0, $1) },
      "llama": { try Llama.model($0, $1) },
      "gemma3": { try Gemma3.model($0, $1) },
      "gemma3_text": { try Gemma3.model($0, $1) },
      "mamba2": { try Mamba2.model($0, $1) },
      "qwen3_next": { try Qwen3Next.model($0, $1) },
    ]

  /// The `model_type`s that can be loaded, sorted.
  public static var architectures: [String] { factories.keys.sorted() }

  /// Makes the model of a checkpoint: reads no weights, only maps them.
  ///
  /// - Throws: `ModelError` or `CheckpointError` naming what is missing or wrong.
  public static func model(_ checkpoint: Checkpoint, backend: any Backend) throws -> any LanguageModel {
    if let gguf = checkpoint.gguf {
      let naming = try GGUFNaming(architecture: gguf.architecture())
      return try model(
        GGUFConfiguration(gguf, checkpoint).json(), GGUFWeights(checkpoint: checkpoint, naming: naming),
        backend: backend)
    }
    guard let json = checkpoint.configuration else {
      throw ModelError.missingConfiguration(model: checkpoint.path)
    }
    return try model(json, checkpoint, backend: backend)
  }

  /// Makes a model from a configuration with config.json's keys and a source of weights.
  public static func model(
    _ json: JSON, _ source: any WeightSource, backend: any Backend
  ) throws -> any LanguageModel {
    let configuration = ModelConfiguration(json)
    let type = try configuration.string("model_type")
    guard let factory = factories[type] else {
      throw ModelError.unknownArchitecture(type, known: architectures)
    }
    return try factory(configuration, ModelWeights(source, backend: backend))
  }
}
