import Checkpoints

/// Everything that Sotto knows of one model architecture. Each file under Architectures declares one, and
/// `Registry` lists them; no other code knows an architecture's name.
struct Architecture: Sendable {
  /// The `model_type`s in config.json, the usual one first.
  let modelTypes: [String]
  /// How GGUF files hold the architecture; nil where they do not.
  let gguf: GGUFConversion?
  /// Beginnings of tensor names that stand for one another in safetensors files. The key is the one that `build`
  /// asks for.
  let prefixes: [String: [String]]
  /// How a conversation is put into tokens.
  let conversation: ConversationFormat
  /// Full-size shapes for measurements without a download.
  let shapes: [SyntheticShape]
  /// Makes a model from a configuration with config.json's keys.
  let build: @Sendable (ModelConfiguration, ModelWeights) throws -> any LanguageModel

  /// An architecture with these properties.
  init(
    _ modelTypes: String..., gguf: GGUFConversion? = nil,
    prefixes: [String: [String]] = Self.multimodalPrefixes, conversation: ConversationFormat = .template,
    shapes: [SyntheticShape] = [],
    build: @escaping @Sendable (ModelConfiguration, ModelWeights) throws -> any LanguageModel
  ) {
    self.modelTypes = modelTypes
    self.gguf = gguf
    self.prefixes = prefixes
    self.conversation = conversation
    self.shapes = shapes
    self.build = build
  }

  /// Multimodal checkpoints hold their language model one level down, in one of two ways.
  static let multimodalPrefixes = [
    "model.": ["language_model.model.", "model.language_model."],
    "lm_head.": ["language_model.lm_head."],
  ]
}

/// How a model's conversations are put into tokens and its output is parsed.
public enum ConversationFormat: Sendable {
  /// OpenAI's harmony.
  case harmony
  /// The Jinja template that comes with the model.
  case template
}
