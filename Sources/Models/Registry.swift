import Basics
import Checkpoints
import Compute

/// The architectures that can be loaded. A new architecture is one file under Architectures and one line here.
public enum Registry {
  static let all: [Architecture] = [
    Llama.architecture,
    Mistral.architecture,
    Mistral.ministral3,
    Mixtral.architecture,
    Qwen2.architecture,
    Qwen2MoE.architecture,
    Qwen3.architecture,
    Qwen3MoE.architecture,
    Gemma.architecture,
    Gemma2.architecture,
    Gemma3.architecture,
    Gemma4.architecture,
    Gemma3n.architecture,
    BailingMoE.architecture,
    BitNet.architecture,
    BailingHybrid.architecture,
    Cohere.architecture,
    Cohere.cohere2,
    // GGUF files of both are read as V3.
    DeepSeek.v3,
    DeepSeek.v2,
    DeepSeek.glm4MoELite,
    DeepSeek.mistral4,
    Ernie4.architecture,
    Ernie4.mixture,
    Dots1.architecture,
    ExaoneMoE.architecture,
    GLM4MoE.architecture,
    MiniMaxM2.architecture,
    PhiMoE.architecture,
    GLM4.architecture,
    Granite.dense,
    Granite.mixture,
    Granite.windowed,
    Granite.windowedMixture,
    OLMo2.architecture,
    OLMoE.architecture,
    Phi3.architecture,
    SeedOSS.architecture,
    SmolLM3.architecture,
    KimiLinear.architecture,
    GPTOSS.architecture,
    Qwen3Next.architecture,
    Qwen3Next.qwen35,
    Qwen3Next.qwen35MoE,
    Mamba2.architecture,
    Apertus.architecture,
    Exaone4.architecture,
    GPT2.architecture,
    GPTNeoX.architecture,
    Helium.architecture,
    Llama4.architecture,
    MobileLLM.architecture,
    HunYuan.dense,
    Nemotron.architecture,
    Phi.architecture,
    StableLM.architecture,
    StarCoder2.architecture,
    GraniteHybrid.architecture,
    FalconH1.architecture,
    LFM2.dense,
    LFM2.mixture,
    NemotronH.architecture,
    NemotronH.mixture,
    Mamba.architecture,
    Jamba.architecture,
    OLMoHybrid.architecture,
    PLaMo2.architecture,
    RecurrentGemma.architecture,
    BailingLinear.architecture,
    MiniMax.architecture,
    RWKV7.architecture,
  ]

  private static let byModelType = Dictionary(
    all.flatMap { architecture in architecture.modelTypes.map { ($0, architecture) } },
    uniquingKeysWith: { first, _ in first })
  private static let byGGUFName = Dictionary(
    all.compactMap { architecture in architecture.gguf.map { ($0.name, architecture) } },
    uniquingKeysWith: { first, _ in first })

  /// The `model_type`s that can be loaded, sorted.
  public static var architectures: [String] { byModelType.keys.sorted() }

  /// Builds the model of a checkpoint. Weights are mapped, not read, unless they are repacked or copied to a device.
  ///
  /// - Parameter warn: called with what may be wrong with a model that can be used, in one line.
  /// - Throws: `ModelError` or `FileError` that names what is missing or wrong, or tensors of the model that its
  ///   configuration does not use; `CancellationError` if the observer wants it.
  public static func model(
    _ checkpoint: Checkpoint, backend: any Backend, observer: LoadingObserver? = nil,
    warn: (String) -> Void = { _ in }
  ) throws -> any LanguageModel {
    func observed(_ source: any WeightSource) -> any WeightSource {
      observer.map { ObservedWeights(source, bytes: checkpoint.fileBytes, $0) } ?? source
    }
    guard let metadata = checkpoint.gguf else {
      guard let json = checkpoint.configuration else {
        throw ModelError.missingConfiguration(model: checkpoint.path)
      }
      return try model(json, checkpoint, backend: backend, observed: observed, warn: warn)
    }
    let name = try metadata.architecture()
    guard let architecture = byGGUFName[name], let conversion = architecture.gguf else {
      throw ModelError.unknownArchitecture(name, known: byGGUFName.keys.sorted())
    }
    let json = try GGUFConfiguration(metadata, checkpoint, conversion).json(
      modelType: architecture.modelTypes.first ?? name)
    let taken = TakenWeights(checkpoint)
    let weights = ModelWeights(
      observed(GGUFWeights(source: taken, conversion: conversion)), backend: backend)
    let configuration = ModelConfiguration(json)
    let model = try architecture.build(configuration, weights)
    let predictors = try metadata.optionalInteger("\(name).nextn_predict_layers") ?? 0
    try check(taken, of: weights, name, configuration, predictors: predictors, warn)
    return model
  }

  /// Builds a model from a configuration with config.json's keys and a source of weights.
  public static func model(
    _ json: JSON, _ source: any WeightSource, backend: any Backend
  ) throws -> any LanguageModel {
    try model(json, source, backend: backend, observed: { $0 }, warn: { _ in })
  }

  private static func model(
    _ json: JSON, _ source: any WeightSource, backend: any Backend,
    observed: (any WeightSource) -> any WeightSource, warn: (String) -> Void
  ) throws -> any LanguageModel {
    let configuration = try ModelConfiguration.completed(json)
    let type = try configuration.string("model_type")
    guard let architecture = byModelType[type] else {
      throw ModelError.unknownArchitecture(type, known: architectures)
    }
    let checkpoint = source as? Checkpoint
    let taken = checkpoint.map(TakenWeights.init)
    let named = PrefixedWeights(
      source: taken ?? source, prefixes: architecture.prefixes, names: checkpoint?.names ?? [])
    let weights = ModelWeights(observed(named), backend: backend)
    let completed = try configuration.withDefaults()
    let model = try architecture.build(completed, weights)
    try taken?.checkBiases(StatedBiases(completed))
    let predictors = (try? completed.integer("num_nextn_predict_layers", 0...4096, default: 0)) ?? 0
    try check(taken, of: weights, type, completed, predictors: predictors, warn)
    return model
  }

  /// Warns of what may be wrong with a model that was built, and refuses tensors of the model that it does not use.
  /// - Parameters:
  ///   - taken: the tensors of its file; nil for weights without a file.
  ///   - architecture: its name in the file's format.
  ///   - predictors: the number of layers behind the decoder's, which predict more tokens.
  private static func check(
    _ taken: TakenWeights?, of weights: ModelWeights, _ architecture: String,
    _ configuration: ModelConfiguration, predictors: Int, _ warn: (String) -> Void
  ) throws {
    for warning in weights.warnings.all { warn(warning) }
    let layers = try configuration.integer("num_hidden_layers", 0...4096, default: 0)
    let end = max(layers, layers &+ predictors)
    try taken?.checkRest(architecture: architecture, predictors: layers..<end).map(warn)
  }

  /// The conversation format of a checkpoint's model.
  public static func conversationFormat(of checkpoint: Checkpoint) -> ConversationFormat {
    architecture(of: checkpoint)?.conversation ?? .template
  }

  /// The architecture of a checkpoint; nil if it is not supported.
  static func architecture(of checkpoint: Checkpoint) -> Architecture? {
    guard let part = checkpoint.languageModel else {
      return architecture(named: checkpoint.architecture ?? "", checkpoint.kind)
    }
    return architecture(languageModel: part)
  }

  /// The architecture of the language model in a multimodal checkpoint.
  /// - Parameter type: its `model_type`, or that of the whole.
  static func architecture(languageModel type: String) -> Architecture? {
    byModelType[type] ?? ConfigurationDefaults.textTypes[type].flatMap { byModelType[$0] }
  }

  /// The architecture that a format names so.
  static func architecture(named name: String, _ kind: Checkpoint.Kind) -> Architecture? {
    kind == .gguf ? byGGUFName[name] : byModelType[name]
  }
}
