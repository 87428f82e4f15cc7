/// GLM-4.5 to 4.7 (zai-org/GLM-4.5-Air): grouped-query attention with rotary embeddings on half of a head and, in the
/// larger models, norms of each query and key head; DeepSeek V3's mixtures of experts.
///
/// The layer for multi-token prediction at the end of the public checkpoints is loaded too.
enum GLM4MoE {
  static let architecture = Architecture(
    "glm4_moe",
    gguf: GGUFConversion(
      "glm4moe", tensors: ["post_attention_layernorm": "post_attention_norm"],
      export: GGUFExport.Rules(
        keys: [
          "rope.dimension_count", "expert_feed_forward_length", "expert_shared_count",
          "leading_dense_block_count", "expert_weights_scale", "expert_weights_norm",
        ], rotaryShare: 0.5, complete: { fields, _ in fields["expert_gating_func"] = .integer(2) })),
    mlx: .fixedRouter
  ) { configuration, weights in
    let shape = try DecoderShape(configuration)
    let experts = try RoutedExperts(configuration, layers: shape.layers, scoring: .sigmoid, normalises: true)
    var decoder = PreNormDecoder(
      rotary: try configuration.partialRotaryTable(headSize: shape.headSize, default: 0.5),
      headNorms: try configuration.bool(
        "use_qk_norm", default: weights.contains("model.layers.0.self_attn.q_norm.weight")) ? .perHead : .none
    ) { prefix, index, shape, activation in
      try experts.block(prefix + "mlp.", index, shape, activation, weights)
    }
    decoder.predictsTokens = true
    return try decoder.model(configuration, weights)
  }
}
