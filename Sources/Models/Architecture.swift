import Checkpoints

/// Everything that Sotto knows about a model architecture. Each file under Architectures declares one, and
/// `Registry` lists them; no other code knows an architecture's name.
struct Architecture: Sendable {
  /// The `model_type`s in config.json, the usual one first.
  let modelTypes: [String]
  /// How GGUF files store the architecture; nil if they are not supported.
  let gguf: GGUFConversion?
  /// How mlx-lm converts the weights; nil if that is not known.
  let mlx: MLXConversion?
  /// Alternative prefixes of tensor names in safetensors files, by the prefix that `build` uses.
  let prefixes: [String: [String]]
  /// How conversations are encoded.
  let conversation: ConversationFormat
  /// Full-size shapes for measurements without a download.
  let shapes: [SyntheticShape]
  /// Builds a model from a configuration with config.json's keys.
  let build: @Sendable (ModelConfiguration, ModelWeights) throws -> any LanguageModel

  /// An architecture with these properties.
  init(
    _ modelTypes: String..., gguf: GGUFConversion? = nil, mlx: MLXConversion? = nil,
    prefixes: [String: [String]] = Self.multimodalPrefixes, conversation: ConversationFormat = .template,
    shapes: [SyntheticShape] = [],
    build: @escaping @Sendable (ModelConfiguration, ModelWeights) throws -> any LanguageModel
  ) {
    self.modelTypes = modelTypes
    self.gguf = gguf
    self.mlx = mlx
    self.prefixes = prefixes
    self.conversation = conversation
    self.shapes = shapes
    self.build = build
  }

  /// Multimodal checkpoints nest the names of their language model in one of these ways.
  static let multimodalPrefixes = [
    "model.": ["language_model.model.", "model.language_model.", "model.text_model."],
    "lm_head.": ["language_model.lm_head."],
  ]
}

/// How a model's conversations are encoded and its output is parsed.
public enum ConversationFormat: Sendable {
  /// OpenAI's harmony.
  case harmony
  /// The model's own Jinja template.
  case template
}
