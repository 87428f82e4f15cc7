/// Kimi Linear (arXiv:2510.26692, moonshotai/Kimi-Linear-48B-A3B-Instruct): layers of Kimi delta attention and, every
/// fourth, latent attention without position embeddings; mixtures of experts as in DeepSeek V3.
enum KimiLinear {
  static let architecture = Architecture("kimi_linear") { configuration, weights in
    try configuration.require("mla_use_nope", true)
    try configuration.require("use_grouped_topk", true)
    let shape = try DecoderShape(configuration)
    let activation = try configuration.activation()
    let experts = try RoutedExperts(configuration, layers: shape.layers, scoring: .sigmoid, normalises: true)
    let key = "linear_attn_config"
    guard let linear = try configuration.object(key) else { throw ModelError.missingKey(key) }
    guard let layers = try linear.integers("kda_layers", 1...4096) else {
      throw ModelError.missingKey("kda_layers")
    }
    let heads = try linear.integer("num_heads", 1...65536)
    let headSize = try linear.integer("head_dim", 1...8192)
    let taps = try linear.integer("short_conv_kernel_size", 1...16, default: 4)

    let embedding = try EmbeddingAndHead(shape, weights)
    let blocks = try (0..<shape.layers).map { index in
      let prefix = "model.layers.\(index)."
      let attention: any BlockBody =
        layers.contains(index + 1)
        ? try KimiDeltaAttention(
          prefix + "self_attn.", heads: heads, headSize: headSize, taps: taps, lowerBound: nil, shape, weights
        )
        : try LatentAttention(prefix + "self_attn.", configuration, shape, weights, rotates: false)
      let mixture = prefix + "block_sparse_moe."
      let isPublic = weights.contains(mixture + "gate.weight")
      return [
        Block(attention, norm: try weights.norm(prefix + "input_layernorm", shape)),
        Block(
          try experts.block(
            isPublic ? mixture : prefix + "mlp.", dense: prefix + "mlp.", index, shape, activation, weights),
          norm: try weights.norm(prefix + "post_attention_layernorm", shape)),
      ]
    }
    return try Decoder(shape, embedding: embedding, layers: blocks, weights)
  }
}
