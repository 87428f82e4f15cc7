import Basics
import Checkpoints
import Compute
import Foundation

/// Gemma 3's text model (arXiv:2503.19786).
///
/// Norms before and after attention and feed-forward and on each query and key head; five layers with a sliding window
/// and their own rope base for each layer with full attention; embeddings scaled by the square root of the width.
enum Gemma3 {
  static let architecture = Architecture(
    "gemma3_text", "gemma3",
    gguf: GGUFConversion("gemma3", tensors: ggufTensors, export: rules) {
      try configure(&$0, largest: 62)
    }, mlx: MLXConversion(part: MLXConversion.languageModel),
    shapes: SyntheticShape.gemma3
  ) { try model($0, $1) }

  private static let rules = GGUFExport.Rules(
    keys: ["final_logit_softcapping", "attention.sliding_window"],
    addsOne: { $0.hasSuffix("norm.weight") },
    complete: { fields, configuration in
      try setDefaults(&fields)
      if configuration.json["sliding_window_pattern"] == .integer(1) {
        fields.remove("attention.sliding_window")
      }
      let key =
        configuration.has("sliding_window_pattern") ? "sliding_window_pattern" : "_sliding_window_pattern"
      let period = try configuration.integer(key, 1...4096, default: 6)
      try configuration.requireWindowsForGGUF(
        default: 512, { period == 1 || ($0 + 1) % 6 != 0 }, unless: { ($0 + 1) % period != 0 })
      try requireScale(configuration, largest: 62)
    })

  /// Sets what the configurations of Gemma 3, 3n and 4 may leave out.
  static func setDefaults(_ fields: inout GGUFFields) throws {
    for (key, fallback) in [
      ("context_length", 131_072), ("attention.head_count", 8), ("attention.head_count_kv", 4),
      ("attention.key_length", 256), ("attention.value_length", 256),
    ] where fields[key] == nil { try fields.set(key, fallback) }
    if fields["rope.freq_base"] == nil { fields.set("rope.freq_base", 1_000_000.0) }
  }

  /// Requires the scale of queries that llama.cpp has: that of the columns of a head, except in the largest model.
  static func requireScale(_ configuration: ModelConfiguration, largest: Int) throws {
    let heads = try configuration.integer("num_attention_heads", 1...65536, default: 8)
    let isLargest = try configuration.integer("num_hidden_layers", 1...4096) == largest
    let size =
      try isLargest
      ? configuration.integer("hidden_size", 1...1 << 20) / heads
      : configuration.integer("head_dim", 1...65536, default: 256)
    let scalar = try configuration.number("query_pre_attn_scalar", default: 256)
    try configuration.requireForGGUF("query_pre_attn_scalar", scalar == Double(size))
  }

  /// GGUF's names of the norms of Gemma 2 and 3.
  static let ggufTensors = GGUFConversion.normsAfter.merging(["pre_feedforward_layernorm": "ffn_norm"]) { $1 }

  /// The converter adds 1 to the norms' weights and omits the scale of queries, which differs in the 27B model only;
  /// llama.cpp recognises that model by its number of layers, `largest`.
  static func configure(_ object: inout JSONObject, largest: Int) throws {
    GGUFConversion.normsIncludeOne(&object)
    if object["num_hidden_layers"]?.asInteger == largest {
      GGUFConversion.quotient("query_pre_attn_scalar", of: "hidden_size", by: "num_attention_heads", &object)
    }
  }

  static func model(_ configuration: ModelConfiguration, _ weights: ModelWeights) throws -> Decoder {
    let shape = try DecoderShape(configuration, tiedByDefault: true)
    let hidden = shape.hidden
    let offset = try configuration.normOffset()
    let key =
      configuration.has("sliding_window_pattern") ? "sliding_window_pattern" : "_sliding_window_pattern"
    let period = try configuration.integer(key, 1...4096, default: 6)
    let windows = try configuration.windows(count: shape.layers, default: 512) { ($0 + 1) % period != 0 }
    let rotary = try rotaryTables(configuration, headSize: shape.headSize)
    let activation = try configuration.activation(default: "gelu_pytorch_tanh")
    let scale = 1 / sqrt(try configuration.positive("query_pre_attn_scalar", default: Double(shape.headSize)))

    func norm(_ name: String, size: Int? = nil) throws -> RMSNorm {
      try weights.norm(name, shape, size: size, offset: offset)
    }

    let embedding = try EmbeddingAndHead(
      shape, weights, offset: offset, scale: Float(hidden).squareRoot(),
      softcap: configuration.optionalNumber("final_logit_softcapping").map { Float($0) })
    let layers = try (0..<shape.layers).map { index in
      let prefix = "model.layers.\(index)."
      var attention = try SelfAttention(
        prefix + "self_attn.", shape, rotary: windows[index] == nil ? rotary.global : rotary.local, weights,
        scale: Float(scale), window: windows[index])
      attention.headNorms = (
        try norm(prefix + "self_attn.q_norm", size: shape.headSize),
        try norm(prefix + "self_attn.k_norm", size: shape.headSize)
      )
      return try blocks(
        prefix, attention, GatedFeedForward(prefix + "mlp.", shape, activation, weights)
      ) { try norm($0) }
    }
    return try Decoder(shape, embedding: embedding, layers: layers, weights)
  }

  /// A layer of Gemma 2 and 3: attention and feed-forward, each with a norm before and after it.
  static func blocks(
    _ prefix: String, _ attention: SelfAttention, _ feedForward: GatedFeedForward,
    norm: (_ name: String) throws -> RMSNorm
  ) rethrows -> [Block] {
    [
      Block(
        attention, norm: try norm(prefix + "input_layernorm"),
        normAfter: try norm(prefix + "post_attention_layernorm")),
      Block(
        feedForward, norm: try norm(prefix + "pre_feedforward_layernorm"),
        normAfter: try norm(prefix + "post_feedforward_layernorm")),
    ]
  }

  /// The rotary tables of layers with a sliding window and with full attention.
  static func rotaryTables(
    _ configuration: ModelConfiguration, headSize: Int
  ) throws -> (local: RotaryTable, global: RotaryTable) {
    let full = "full_attention", sliding = "sliding_attention"
    let global = try configuration.rotaryTable(
      headSize: headSize, kind: full, base: configuration.ropeBase(default: 1_000_000, kind: full))
    let localBase = try configuration.positive("rope_local_base_freq", default: 10000)
    // transformers 5 keeps one set for each kind of layer; other scalings are those of layers with full attention.
    if let own = try configuration.object("rope_parameters")?.object(sliding) {
      let base = try own.positive("rope_theta", default: localBase)
      return (try configuration.rotaryTable(headSize: headSize, kind: sliding, base: base), global)
    }
    let (frequencies, _) = RotaryScaling.none.frequencies(dimensions: headSize, base: localBase)
    return (RotaryTable(headSize: headSize, frequencies: frequencies, interleaved: false), global)
  }
}
