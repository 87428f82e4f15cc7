import Basics
import Checkpoints
import Foundation

/// The metadata and tensors of a model's GGUF file, without the tokenizer, as llama.cpp's converter writes them.
public struct GGUFExport {
  /// What is particular to an architecture.
  struct Rules: Sendable {
    /// Whether the rows of q and k are reordered so that rotated pairs are adjacent.
    var interleavesRotary = false
    /// Whether the metadata has the vocabulary's size and the number of rotated columns.
    var namesRotarySize = false
  }

  /// `general.architecture`.
  public let architecture: String
  /// The keys of the architecture.
  public let metadata: [(key: String, value: GGUFField)]
  /// The tensors of the file in the checkpoint's order; weights are loaded one by one.
  public let tensors: [(name: String, source: String)]
  /// A table of rotary factors (`rope_freqs.weight`), if the model has one.
  public let rotaryFactors: [Float]?
  private let checkpoint: Checkpoint
  private let rules: Rules
  private let heads: (all: Int, keyValue: Int)

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
    let configuration = try ModelConfiguration.completed(json)
    guard try !configuration.bool("use_sliding_window", default: false) else {
      throw ModelError.unsupported("GGUF files of \(conversion.name) have no sliding window")
    }
    let heads = try configuration.integer("num_attention_heads", 1...65536)
    self.heads = (heads, try configuration.integer("num_key_value_heads", 1...heads, default: heads))
    self.checkpoint = checkpoint
    self.rules = rules
    self.architecture = conversion.name
    let rotary = try GGUFRotary(configuration, heads: heads)
    rotaryFactors = rotary.factors
    metadata = try Self.metadata(configuration, conversion.name, heads: self.heads, rules, rotary)
    let names = GGUFWeights(checkpoint: checkpoint, conversion: conversion)
    tensors = try Registry.mlxTensors(checkpoint).map { tensor in
      guard tensor.sources == [tensor.name] else {
        throw ModelError.unsupported("writing experts to a GGUF file is not supported")
      }
      let name = names.fileName(tensor.name)
      guard name != tensor.name else {
        throw ModelError.unsupported("the tensor \(tensor.name) has no name in GGUF files")
      }
      return (name, tensor.name)
    }
  }

  /// The weight of `tensors[index]`, with its rows in the file's order.
  public func weight(_ index: Int) throws -> Weight {
    let source = tensors[index].source
    let weight = try checkpoint.weight(source)
    guard rules.interleavesRotary else { return weight }
    if source.contains("self_attn.q_proj.") { return try interleaved(weight, heads.all) }
    return source.contains("self_attn.k_proj.") ? try interleaved(weight, heads.keyValue) : weight
  }

  /// Row i of the first and of the second half of each head become rows 2i and 2i + 1.
  private func interleaved(_ weight: Weight, _ heads: Int) throws -> Weight {
    let rows = weight.shape[0], size = rows / heads
    guard rows % heads == 0, size % 2 == 0 else {
      throw ModelError.unsupported("\(rows) rows are not \(heads) heads of an even size")
    }
    return try weight.rows(
      (0..<rows).map { row in
        let (head, place) = (row / size, row % size)
        return head * size + place % 2 * (size / 2) + place / 2
      })
  }

  private static func metadata(
    _ configuration: ModelConfiguration, _ name: String, heads: (all: Int, keyValue: Int), _ rules: Rules,
    _ rotary: GGUFRotary
  ) throws -> [(key: String, value: GGUFField)] {
    func count(_ key: String) throws -> GGUFField {
      .integer(UInt32(try configuration.integer(key, 1...1 << 24)))
    }
    var fields: [(key: String, value: GGUFField)] = [
      ("block_count", try count("num_hidden_layers")),
      ("context_length", try count("max_position_embeddings")),
      ("embedding_length", try count("hidden_size")), ("feed_forward_length", try count("intermediate_size")),
      ("attention.head_count", .integer(UInt32(heads.all))),
      ("attention.head_count_kv", .integer(UInt32(heads.keyValue))),
      ("rope.freq_base", .number(Float(rotary.base))),
      ("attention.layer_norm_rms_epsilon", .number(Float(try configuration.number("rms_norm_eps")))),
    ]
    if configuration.has("head_dim") {
      fields.append(("attention.key_length", try count("head_dim")))
      fields.append(("attention.value_length", try count("head_dim")))
    }
    if rules.namesRotarySize {
      fields.append(("vocab_size", try count("vocab_size")))
      fields.append(("rope.dimension_count", .integer(UInt32(rotary.size))))
    }
    return (fields + rotary.fields).map { ("\(name).\($0.key)", $0.value) }
  }
}

/// The rotary embedding of a model in the words of GGUF.
struct GGUFRotary {
  let base: Double
  /// Columns of a head.
  let size: Int
  private(set) var fields: [(key: String, value: GGUFField)] = []
  private(set) var factors: [Float]?

  init(_ configuration: ModelConfiguration, heads: Int) throws {
    let hidden = try configuration.integer("hidden_size", 1...1 << 24)
    size = try configuration.integer("head_dim", 2...65536, default: hidden / heads)
    let settings = ["rope_scaling", "rope_parameters"].lazy.compactMap { configuration.json[$0]?.asObject }
      .first
    base = try configuration.number(
      "rope_theta", default: settings?["rope_theta"]?.asNumber ?? 10000)
    let scaling = ModelConfiguration(.object(settings ?? JSONObject()))
    let kind = try scaling.optionalString("rope_type") ?? scaling.optionalString("type") ?? "default"
    switch kind {
    case "default": break
    case "linear":
      fields = [
        ("rope.scaling.type", .string("linear")),
        ("rope.scaling.factor", .number(Float(try scaling.number("factor")))),
      ]
    case "yarn":
      let length = try scaling.integer("original_max_position_embeddings", 1...1 << 24)
      fields = [
        ("rope.scaling.type", .string("yarn")),
        ("rope.scaling.factor", .number(Float(try scaling.number("factor")))),
        ("rope.scaling.original_context_length", .integer(UInt32(length))),
      ]
    case "llama3": factors = try Self.llama3(scaling, base: base, size: size)
    default: throw ModelError.unsupported("the rotary scaling '\(kind)' cannot be written to a GGUF file")
    }
  }

  /// Llama 3.1's divisors of the frequencies: 1 for short waves, `factor` for long ones, and a blend between.
  private static func llama3(_ scaling: ModelConfiguration, base: Double, size: Int) throws -> [Float] {
    let factor = try scaling.number("factor", default: 8)
    let low = try scaling.number("low_freq_factor", default: 1)
    let high = try scaling.number("high_freq_factor", default: 4)
    let length = try scaling.number("original_max_position_embeddings", default: 8192)
    return stride(from: 0, to: size, by: 2).map { column in
      let wave = 2 * Double.pi * pow(base, Double(column) / Double(size))
      if wave < length / high { return 1 }
      if wave > length / low { return Float(factor) }
      let smooth = (length / wave - low) / (high - low)
      return Float(1 / ((1 - smooth) / factor + smooth))
    }
  }
}
