import Compute

/// PLaMo 2 (pfnet/plamo-2-1b): Mamba-2 mixers and, every few layers, attention with a sliding window, unless the layer is
/// among the `full_attention_idx`; norms before and after every block, the latter with offsets that keep the residuals
/// small.
enum PLaMo2 {
  static let architecture = Architecture("plamo2") { original, weights in
    let configuration = original.renamed(["hidden_size_per_head": "head_dim"])
    let shape = try DecoderShape(configuration, tiedByDefault: true)
    let attends = try attentionLayers(configuration, count: shape.layers)
    let window = try configuration.integer("attention_window_size", 1...1 << 40, default: 2048)
    let full = try configuration.integers("full_attention_idx", 0...4096) ?? []
    // The base is 10000 whatever the configuration says, as in mlx-lm.
    let rotary = RotaryTable(
      headSize: shape.headSize,
      frequencies: RotaryScaling.none.frequencies(dimensions: shape.headSize, base: 10000).values,
      interleaved: false)
    let mixerShape = StateSpaceShape(
      hidden: shape.hidden, heads: try configuration.integer("mamba_num_heads", 1...65536, default: 64),
      headSize: shape.headSize, groups: 1,
      stateSize: try configuration.integer("mamba_d_state", 1...65536, default: 64),
      taps: try configuration.integer("mamba_d_conv", 1...32, default: 4))

    let embedding = try EmbeddingAndHead(shape, weights, offset: 1)
    let layers = try (0..<shape.layers).map { index in
      let prefix = "model.layers.layers.\(index)."
      func norm(_ name: String, offset: Float) throws -> RMSNorm {
        try weights.norm(prefix + name, shape, offset: offset)
      }
      let mixer: any BlockBody
      if attends[index] {
        var attention = try SelfAttention(
          prefix + "mixer.", shape, rotary: rotary, weights, window: full.contains(index) ? nil : window)
        attention.headNorms = (
          try headNorm(prefix + "mixer.q_weight", shape.heads, shape, weights),
          try headNorm(prefix + "mixer.k_weight", shape.keyValueHeads, shape, weights)
        )
        mixer = attention
      } else {
        mixer = try PLaMoMixer(prefix + "mixer.", mixerShape, epsilon: shape.epsilon, weights)
      }
      return [
        Block(
          mixer, norm: try norm("pre_mixer_norm", offset: 1),
          normAfter: try norm("post_mixer_norm", offset: 0.2)),
        Block(
          try GatedFeedForward(prefix + "mlp.", shape, .silu, weights),
          norm: try norm("pre_mlp_norm", offset: 1),
          // 5 to the power of -1.5.
          normAfter: try norm("post_mlp_norm", offset: 0.089_442_719)),
      ]
    }
    return try Decoder(shape, embedding: embedding, layers: layers, weights)
  }

  /// A norm of each head with weights of its own.
  private static func headNorm(
    _ name: String, _ heads: Int, _ shape: DecoderShape, _ weights: ModelWeights
  ) throws -> RMSNorm {
    var norm = RMSNorm(weight: try weights.vector(name, heads * shape.headSize), epsilon: 1e-6)
    norm.groupSize = shape.headSize
    return norm
  }

  private static func attentionLayers(_ configuration: ModelConfiguration, count: Int) throws -> [Bool] {
    guard try configuration.bool("mamba_enabled", default: true) else {
      return Array(repeating: true, count: count)
    }
    let step = try configuration.integer("mamba_step", 2...4096, default: 2)
    if count <= step / 2 { return (0..<count).map { $0 == count - 1 } }
    return (0..<count).map { $0 % step == step / 2 }
  }
}
