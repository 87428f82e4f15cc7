import Basics

/// What a list of models says about a model on disk.
public struct CheckpointSummary: Sendable, Equatable {
  /// The format.
  public let kind: Checkpoint.Kind
  /// `general.architecture` or `model_type`; nil if the files have neither.
  public let architecture: String?
  /// The `model_type` of the language model in a multimodal checkpoint; nil for other checkpoints.
  public let languageModel: String?
  /// A short label of the predominant quantisation.
  public let quantizationLabel: String
  /// Why weights of the model cannot be read; nil if all formats are supported.
  public let formatProblem: String?
  /// Whether there is a vocabulary, in the GGUF file or beside the weights. Without one, a model computes only what is
  /// given as token ids.
  public let hasVocabulary: Bool
  /// The number of parameters.
  public let parameters: Int
  /// The total size of the weight files.
  public let fileBytes: Int
}

extension Checkpoint {
  /// What a list of models says about this model.
  public var summary: CheckpointSummary {
    CheckpointSummary(
      kind: kind, architecture: architecture, languageModel: languageModel,
      quantizationLabel: quantizationLabel, formatProblem: formatProblem, hasVocabulary: hasVocabulary,
      parameters: parameters, fileBytes: fileBytes)
  }

  /// The `model_type` of the language model in a multimodal checkpoint, or that of the whole where its part has none; nil for
  /// other checkpoints.
  public var languageModel: String? { Self.languageModel(configuration) }

  static func languageModel(_ configuration: JSON?) -> String? {
    guard let part = configuration?.languageModelPart else { return nil }
    return part["model_type"]?.asString ?? configuration?["model_type"]?.asString
  }

  private var hasVocabulary: Bool {
    guard let gguf else { return ModelFolder(path).hasVocabulary }
    return (try? gguf.optionalString("tokenizer.ggml.model")).map(GGUFSurvey.isVocabulary) ?? false
  }

  /// The summary of the model at a path, as of a model opened from it, for a fraction of the cost: the headers of usual
  /// files are only walked over, without tables of their weights (about 50 µs a file). Any other model is opened, which
  /// also finds out what is wrong with a damaged one.
  /// - Throws: the errors of `open`.
  package static func summary(of path: String, _ vocabularies: VocabularyLengths) throws(FileError)
    -> CheckpointSummary
  {
    if let summary = surveyed(path, vocabularies) { return summary }
    return try open(path).summary
  }

  private static func surveyed(_ path: String, _ vocabularies: VocabularyLengths) -> CheckpointSummary? {
    switch FileSystem.kind(path) {
    case .file:
      let weights = OllamaManifest.ifManifest(path).map { $0.weights ?? "" } ?? path
      guard let file = try? MappedFile(weights) else { return nil }
      return GGUFSurvey.summary(file, vocabularies)
    case .folder: return SafetensorsSurvey.summary(ModelFolder(path))
    default: return nil
    }
  }
}

extension JSON {
  /// The language model's configuration in the config.json of a multimodal checkpoint; nil for other checkpoints.
  package var languageModelPart: JSONObject? {
    guard (self["num_hidden_layers"] ?? .null).isNull else { return nil }
    return ["text_config", "llm_config"].lazy.compactMap { self[$0]?.asObject }.first
  }
}
