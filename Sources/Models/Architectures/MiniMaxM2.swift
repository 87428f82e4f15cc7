import Compute

/// MiniMax-M2 (MiniMaxAI/MiniMax-M2): grouped-query attention with rotary embeddings on a part of a head and norms of all
/// query heads and all key heads together; in every layer a mixture of experts, chosen by the sigmoid of their logits
/// plus a correction bias.
enum MiniMaxM2 {
  static let architecture = Architecture(
    "minimax_m2",
    gguf: GGUFConversion(
      "minimax-m2", keys: ["expert_feed_forward_length": "intermediate_size"],
      export: GGUFExport.Rules(
        keys: ["rope.dimension_count"],
        complete: { fields, configuration in
          if configuration.has("rotary_dim") {
            try fields.set("rope.dimension_count", configuration.integer("rotary_dim", 1...65536))
          }
        })),
    mlx: MLXConversion(eightBits: ["block_sparse_moe.gate"], keepsType: ["e_score_correction_bias"])
  ) { configuration, weights in
    try configuration.require("use_qk_norm", true)
    let normKind = try configuration.optionalString("qk_norm_type") ?? "per_layer"
    guard normKind == "per_layer" else {
      throw ModelError.unsupported("the 'qk_norm_type' '\(normKind)' is not supported")
    }
    let scoring = try configuration.scoring(.sigmoid)
    guard try configuration.integers("attn_type_list", 0...9)?.allSatisfy({ $0 == 1 }) ?? true else {
      throw ModelError.unsupported("linear attention ('attn_type_list') of minimax_m2")
    }
    guard try configuration.integer("shared_intermediate_size", 0...1 << 24, default: 0) == 0 else {
      throw ModelError.unsupported("shared experts ('shared_intermediate_size') of minimax_m2")
    }
    let shape = try DecoderShape(configuration)
    let experts = try configuration.expertCounts()
    let corrects = try configuration.bool("use_routing_bias", default: true)
    let decoder = PreNormDecoder(
      rotary: try configuration.partialRotaryTable(headSize: shape.headSize), headNorms: .whole
    ) { prefix, _, shape, activation in
      let prefix = prefix + "block_sparse_moe."
      let routing = RoutingSettings(
        count: experts.chosen, scoring: scoring, normalises: true,
        correction: corrects ? try weights.vector(prefix + "e_score_correction_bias", experts.all) : nil)
      return try ExpertMixture(
        prefix, routing, experts: experts.all, inner: shape.intermediate, shape, activation, weights)
    }
    return try decoder.model(configuration, weights)
  }
}
