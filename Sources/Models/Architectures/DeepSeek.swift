import Compute

/// DeepSeek V2 and V3 (arXiv:2405.04434, 2412.19437) and the models that follow them: latent attention, gated
/// feed-forward blocks in the first layers, then mixtures of many small experts with shared ones.
///
/// The layers for multi-token prediction at the end of the public checkpoints are not loaded.
enum DeepSeek {
  /// DeepSeek V2: experts chosen by a softmax, without a correction bias, in groups ranked by their best expert.
  static let v2 = Architecture("deepseek_v2") { configuration, weights in
    // transformers ignores the key, DeepSeek's code divides but then leaves out the scaling factor; no checkpoint sets it.
    try configuration.require("norm_topk_prob", false)
    return try model(configuration, weights, scoring: .softmax, normalises: false, method: "greedy")
  }

  /// DeepSeek V3 and R1, and Kimi K2.
  static let v3 = Architecture("deepseek_v3", "kimi_k2", shapes: SyntheticShape.deepSeek) {
    try model($0, $1, scoring: .sigmoid, normalises: true)
  }

  /// GLM-4.7-Flash (zai-org/GLM-4.7-Flash).
  static let glm4MoELite = Architecture("glm4_moe_lite") {
    try model($0, $1, scoring: .sigmoid, normalises: true)
  }

  /// Mistral 4: experts chosen by a softmax; queries grow with the position.
  static let mistral4 = Architecture("mistral4") {
    try model($0, $1, scoring: .softmax, normalises: true)
  }

  private static func model(
    _ configuration: ModelConfiguration, _ weights: ModelWeights, scoring: RoutingSettings.Scoring,
    normalises: Bool, method: String = "noaux_tc"
  ) throws -> Decoder {
    guard try configuration.number("partial_rotary_factor", default: 1) == 1 else {
      throw ModelError.unsupported("a 'partial_rotary_factor' of latent attention is not supported")
    }
    let shape = try DecoderShape(configuration)
    let activation = try configuration.activation()
    let experts = try RoutedExperts(
      configuration, layers: shape.layers, scoring: scoring, normalises: normalises, method: method)
    let embedding = try EmbeddingAndHead(shape, weights)
    let layers = try (0..<shape.layers).map { index in
      let prefix = "model.layers.\(index)."
      return [
        Block(
          try LatentAttention(prefix + "self_attn.", configuration, shape, weights),
          norm: try weights.norm(prefix + "input_layernorm", shape)),
        Block(
          try experts.block(prefix + "mlp.", index, shape, activation, weights),
          norm: try weights.norm(prefix + "post_attention_layernorm", shape)),
      ]
    }
    return try Decoder(shape, embedding: embedding, layers: layers, weights)
  }
}
