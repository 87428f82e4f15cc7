/// Qwen3 (arXiv:2505.09388).
///
/// Pre-norm layers of grouped-query attention with a norm of each query and key head, and a gated feed-forward block.
/// Layers from `max_window_layers` on may attend to a sliding window.
enum Qwen3 {
  static let architecture = Architecture("qwen3", gguf: GGUFConversion("qwen3")) {
    try model($0, $1, normsHeads: true)
  }

  /// - Parameter normsHeads: whether query and key heads have norms.
  static func model(
    _ configuration: ModelConfiguration, _ weights: ModelWeights, normsHeads: Bool
  ) throws -> Decoder {
    let shape = try DecoderShape(configuration)
    let windows = try windows(configuration, count: shape.layers)
    let rotary = try configuration.rotaryTable(headSize: shape.headSize)
    let activation = try configuration.activation()

    let embedding = try EmbeddingAndHead(shape, weights)
    let layers = try (0..<shape.layers).map { index in
      let prefix = "model.layers.\(index)."
      let shape = shape[layer: index]
      var attention = try SelfAttention(
        prefix + "self_attn.", shape, rotary: rotary, weights, window: windows[index])
      if normsHeads {
        attention.headNorms = (
          try weights.norm(prefix + "self_attn.q_norm", shape, size: shape.headSize),
          try weights.norm(prefix + "self_attn.k_norm", shape, size: shape.headSize)
        )
      }
      return [
        Block(attention, norm: try weights.norm(prefix + "input_layernorm", shape)),
        Block(
          try GatedFeedForward(prefix + "mlp.", shape, activation, weights),
          norm: try weights.norm(prefix + "post_attention_layernorm", shape)),
      ]
    }
    return try Decoder(shape, embedding: embedding, layers: layers, weights)
  }

  /// The sliding window of each layer; all nil unless `use_sliding_window` is true.
  private static func windows(_ configuration: ModelConfiguration, count: Int) throws -> [Int?] {
    guard try configuration.bool("use_sliding_window", default: false) else {
      return Array(repeating: nil, count: count)
    }
    let first = try configuration.integer("max_window_layers", 0...1 << 20, default: 28)
    return try configuration.windows(count: count, default: 4096) { $0 >= first }
  }
}
