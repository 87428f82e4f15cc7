import Basics
import Checkpoints

/// The metadata and tensors of a model's GGUF file, without the tokenizer, as llama.cpp's converter writes them.
public struct GGUFExport {
  /// `general.architecture`.
  public let architecture: String
  /// The keys of the architecture.
  public let metadata: [(key: String, value: GGUFField)]
  /// The tensors of the file in the checkpoint's order.
  public let tensors: [ConvertedTensor]
  /// Tables of rotary factors, which are tensors of the file too.
  public let tables: [(name: String, factors: [Float])]
  /// The number of experts of a mixture, and of layers.
  public let experts: Int, layers: Int

  /// - Throws: `ModelError.unsupported` for architectures and settings that cannot be written.
  public init(_ checkpoint: Checkpoint) throws {
    // By the name of the whole of a multimodal model: its converter has rules of its own.
    guard let json = checkpoint.configuration,
      let architecture = Registry.architecture(named: checkpoint.architecture ?? "", checkpoint.kind)
    else {
      throw ModelError.unknownArchitecture(checkpoint.architecture ?? "", known: Registry.architectures)
    }
    guard let conversion = architecture.gguf, let rules = conversion.export else {
      throw Self.refusal(checkpoint, architecture)
    }
    let configuration = try ModelConfiguration.completed(json).withDefaults().renaming(rules.renames)
    guard try !configuration.bool("use_sliding_window", default: false) else {
      throw ModelError.unsupported("GGUF files of \(conversion.name) have no sliding window")
    }
    let name = rules.name(configuration) ?? conversion.name
    self.architecture = name
    layers = try configuration.integer("num_hidden_layers", 1...4096)
    let rotary = try GGUFRotary(configuration, share: rules.rotaryShare)
    tables = rotary.tables
    var fields = try GGUFFields(configuration, keys: rules.keys, own: conversion.keys, rotary)
    try rules.complete(&fields, configuration)
    metadata =
      try fields.all.map { ("\(name).\($0.key)", $0.value) }
      + Self.numbers(checkpoint, architecture, rules, layers: layers)
    if case .integer(let count)? = fields["expert_count"] { experts = Int(count) } else { experts = 0 }
    let names = GGUFWeights(source: checkpoint, conversion: conversion)
    let isTied = try configuration.bool("tie_word_embeddings", default: rules.isTied)
    let collected = try Self.collected(checkpoint, architecture, rules, isTied: isTied, layers: layers)
    var tensors = try collected.flatMap { try Self.stored($0, rules, names, configuration) }
    if rules.needsHead, isTied, let embedding = tensors.first(where: { $0.name == "token_embd.weight" }) {
      tensors.append(embedding.named("output.weight"))
    }
    self.tensors = tensors
    guard Set(tensors.map(\.name)).count == tensors.count else {
      throw ModelError.unsupported("two tensors of the checkpoint have one name in GGUF files")
    }
  }

  /// The tensors of the checkpoint under their public names: experts that are stored one by one form a stack; prediction
  /// layers, tables of rotary embeddings, a tied head and vision towers are left out.
  private static func collected(
    _ checkpoint: Checkpoint, _ architecture: Architecture, _ rules: Rules, isTied: Bool, layers: Int
  ) throws -> [ConvertedTensor] {
    var collected = ConvertedTensors(
      block: "experts", experts: MLXConversion.mixtralNames, lists: rules.lists, joins: rules.joins)
    for source in checkpoint.names {
      let name = publicName(source, architecture.prefixes)
      guard !isOmitted(name, layers: layers), !(isTied && name.hasSuffix("lm_head.weight")),
        !rules.numbers.contains(where: { name.hasSuffix("." + $0.tensor) })
      else { continue }
      try collected.add(name, from: source, checkpoint.readableShape(source))
    }
    return try collected.finish()
  }

  /// The lists of the metadata that are tensors of the checkpoint.
  private static func numbers(
    _ checkpoint: Checkpoint, _ architecture: Architecture, _ rules: Rules, layers: Int
  ) throws -> [(key: String, value: GGUFField)] {
    guard !rules.numbers.isEmpty else { return [] }
    let sources = Dictionary(
      checkpoint.names.map { (publicName($0, architecture.prefixes), $0) },
      uniquingKeysWith: { first, _ in first })
    return try rules.numbers.map { tensor, key, fallback in
      let values = try (0..<layers).map { layer in
        let name = "model.layers.\(layer).\(tensor)"
        guard let source = sources[name] else {
          guard let fallback else { throw ModelError.unsupported("the tensor \(name) is missing") }
          return fallback
        }
        let numbers = try checkpoint.weight(source).floats()
        guard numbers.count == 1 else {
          throw ModelError.wrongShape(tensor: name, shape: [numbers.count], expected: [1])
        }
        return numbers[0]
      }
      return (key, .numbers(values))
    }
  }

  /// Why an architecture cannot be written.
  private static func refusal(_ checkpoint: Checkpoint, _ architecture: Architecture) -> ModelError {
    let name = checkpoint.architecture ?? architecture.modelTypes[0]
    let reason =
      architecture.gguf == nil ? "Sotto does not have its names there" : "Sotto only reads its GGUF files"
    // MLX's format is for fewer models than Sotto runs.
    let advice =
      architecture.mlx != nil && checkpoint.languageModel == nil
      ? "use a target without gguf:, such as --to q4" : "use the model as it is"
    return .unsupported(
      "\(checkpoint.path): the architecture \(name) cannot be written to a GGUF file: \(reason); \(advice)")
  }

  /// A name without the prefix of a multimodal checkpoint's language model, or with the one that a checkpoint lacks.
  private static func publicName(_ name: String, _ prefixes: [String: [String]]) -> String {
    let found = prefixes.flatMap { prefix, others in others.map { (prefix: prefix, other: $0) } }
      .filter { name.hasPrefix($0.other) }.max { $0.other.count < $1.other.count }
    guard let found else { return name }
    let isComplete = name.hasPrefix(found.prefix) || name.hasPrefix("lm_head.")
    if found.other.isEmpty, isComplete { return name }
    return found.prefix + name.dropFirst(found.other.count)
  }

  private static func isOmitted(_ name: String, layers: Int) -> Bool {
    let endings = [
      ".rotary_emb.inv_freq", ".attention.bias", ".attention.masked_bias", ".attn.bias", ".attn.masked_bias",
    ]
    let towers = ["visual.", "vision", "audio", "multi_modal_projector"]
    return endings.contains(where: name.hasSuffix) || towers.contains(where: name.contains)
      || ConvertedTensors.isPredictionLayer(name, layers: layers)
  }
}
