import Basics
import Compute

/// Llama 4's dense text models, which are MobileLLM-R1 (facebook/MobileLLM-R1-950M).
///
/// Pre-norm layers of grouped-query attention, most of them with rotary embeddings whose pairs are adjacent and a norm
/// without weights of each rotated query and key head, the others without position embeddings; a gated feed-forward
/// block.
enum Llama4 {
  static let architecture = Architecture(
    "llama4_text", "llama4", gguf: gguf, shapes: [SyntheticShape.mobileLLMR1]
  ) { configuration, weights in
    let count = try configuration.integer("num_hidden_layers", 1...4096)
    try refuseExperts(configuration)
    let configuration = try withinChunk(configuration).renamed(["intermediate_size_mlp": "intermediate_size"])
    let rotates = try rotates(configuration, count: count)
    let shape = try DecoderShape(configuration)
    let normsHeads = try configuration.bool("use_qk_norm", default: true)
    let queryScale = try queryScale(configuration)
    var names = PreNormDecoder.Names()
    names.feedForward = "feed_forward."
    let decoder = PreNormDecoder(
      names: names, rotary: try configuration.rotaryTable(headSize: shape.headSize, interleaved: true),
      rotates: rotates,
      adjust: { attention, _, index in
        guard rotates[index] else {
          attention.queryScale = queryScale
          return
        }
        guard normsHeads else { return }
        let norm = PlainRMSNorm(groupSize: shape.headSize, epsilon: Float(shape.epsilon))
        attention.headNorms = (norm, norm)
        attention.normsRotated = true
      })
    return try decoder.model(configuration, weights)
  }

  /// Which layers have position embeddings. Despite its name, `no_rope_layers` has a 1 for each of them.
  static func rotates(_ configuration: ModelConfiguration, count: Int) throws -> [Bool] {
    let interval = try configuration.integer("no_rope_layer_interval", 1...4096, default: 4)
    return try configuration.perLayer(
      "no_rope_layers", 0...1, count: count, default: (1...count).map { $0 % interval == 0 ? 0 : 1 }
    ).map { $0 == 1 }
  }

  static func refuseExperts(_ configuration: ModelConfiguration) throws {
    let hasExperts =
      try configuration.integers("moe_layers", 0...65536).map { !$0.isEmpty }
      ?? (configuration.integer("interleave_moe_layer_step", 0...4096, default: 1) > 0)
    guard !hasExperts else {
      throw ModelError.unsupported(
        "mixtures of experts ('moe_layers') are not supported by this architecture")
    }
  }

  /// The configuration with a context of at most one chunk: layers with rotary embeddings attend to the current chunk of
  /// `attention_chunk_size` positions only, which has no effect before its end.
  private static func withinChunk(_ configuration: ModelConfiguration) throws -> ModelConfiguration {
    let chunk = try configuration.integer("attention_chunk_size", 1...Int.max, default: 8192)
    let context = try configuration.contextLength(default: 131_072)
    return configuration.setting("max_position_embeddings", .integer(min(chunk, context)))
  }

  /// How queries of layers without position embeddings grow with their position (arXiv:2501.19399).
  static func queryScale(_ configuration: ModelConfiguration) throws -> PositionScale? {
    let key = "attn_temperature_tuning"
    let isTuned: Bool
    switch configuration.json[key] {
    case .bool(let flag)?: isTuned = flag
    default: isTuned = try configuration.integer(key, 0...1 << 20, default: 1) != 0
    }
    guard isTuned else { return nil }
    return PositionScale(
      beta: try configuration.number("attn_scale", default: 0.1),
      length: try configuration.positive("floor_scale", default: 8192), offset: 1)
  }
}
