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
    guard let json = checkpoint.configuration, let architecture = Registry.architecture(of: checkpoint) else {
      throw ModelError.unknownArchitecture(checkpoint.architecture ?? "", known: Registry.architectures)
    }
    guard let conversion = architecture.gguf, let rules = conversion.export else {
      let known = Registry.all.filter { $0.gguf?.export != nil }.compactMap(\.modelTypes.first).sorted()
      throw ModelError.unsupported(
        "writing \(architecture.modelTypes[0]) to a GGUF file is not supported; it is for \(known.joined(separator: ", "))"
      )
    }
    let configuration = try ModelConfiguration.completed(json).withEpsilon()
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
    metadata = fields.all.map { ("\(name).\($0.key)", $0.value) }
    if case .integer(let count)? = fields["expert_count"] { experts = Int(count) } else { experts = 0 }
    let names = GGUFWeights(checkpoint: checkpoint, conversion: conversion)
    tensors = try Self.collected(checkpoint, architecture, configuration, layers: layers).flatMap {
      try Self.stored($0, rules, names, configuration)
    }
    guard Set(tensors.map(\.name)).count == tensors.count else {
      throw ModelError.unsupported("two tensors of the checkpoint have one name in GGUF files")
    }
  }

  /// The tensors of the checkpoint under their public names: experts that are stored one by one form a stack; prediction
  /// layers, tables of rotary embeddings, a tied head and vision towers are left out.
  private static func collected(
    _ checkpoint: Checkpoint, _ architecture: Architecture, _ configuration: ModelConfiguration, layers: Int
  ) throws -> [ConvertedTensor] {
    let isTied = try configuration.bool("tie_word_embeddings", default: false)
    var collected = ConvertedTensors(block: "experts", experts: MLXConversion.mixtralNames)
    for source in checkpoint.names {
      let name = publicName(source, architecture.prefixes)
      guard !isOmitted(name, layers: layers), !(isTied && name.hasSuffix("lm_head.weight")),
        let shape = checkpoint.shape(source)
      else { continue }
      try collected.add(name, from: source, shape)
    }
    return try collected.finish()
  }

  /// A name without the prefix of a multimodal checkpoint's language model.
  private static func publicName(_ name: String, _ prefixes: [String: [String]]) -> String {
    for (prefix, others) in prefixes {
      for other in others where name.hasPrefix(other) { return prefix + name.dropFirst(other.count) }
    }
    return name
  }

  private static func isOmitted(_ name: String, layers: Int) -> Bool {
    let endings = [".rotary_emb.inv_freq", ".attention.bias", ".attention.masked_bias"]
    let towers = ["visual.", "vision", "audio", "multi_modal_projector"]
    return endings.contains(where: name.hasSuffix) || towers.contains(where: name.contains)
      || ConvertedTensors.isPredictionLayer(name, layers: layers)
  }
}
