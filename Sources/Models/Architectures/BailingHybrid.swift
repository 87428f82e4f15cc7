/// Ring and Ling 2.5 (inclusionAI/Ring-2.5-1T) and Ling 3.0, which have one `model_type`: layers of lightning attention
/// (2.5) or Kimi delta attention (3.0) and, every few layers, latent attention; Ling's mixtures of experts.
enum BailingHybrid {
  static let architecture = Architecture("bailing_hybrid", "bailing_moe_v3") { original, weights in
    var configuration = original
    // mlx-lm normalises the head while it converts but keeps the key, so that the weights do not tell.
    for key in ["norm_head", "norm_softmax"] { try configuration.require(key, false) }
    try configuration.require("use_rmsnorm", true)
    try configuration.require("linear_silu", false)
    let shape = try DecoderShape(configuration)
    let activation = try configuration.activation()
    let isThird = isThird(configuration)
    let factor = "routed_scaling_factor"
    if isThird {
      // The convolutions have it too.
      try configuration.requireSiLU()
      // mlx-lm refuses other ones, transformers does not read the key.
      try configuration.require("rope_interleave", true)
      if !configuration.has(factor) { configuration = configuration.setting(factor, 2.5) }
    } else if !configuration.has(factor) {
      throw ModelError.missingKey(factor)
    }
    var experts = try BailingMoE.experts(
      configuration, layers: shape.layers, scoring: .sigmoid, scoringKey: isThird ? nil : "score_function",
      normalisesOne: isThird)
    // Both libraries ignore `moe_router_enable_expert_bias` there: they add what the file has.
    if isThird { experts.corrects = nil }
    if !isThird, experts.sharedInner > 0 {
      // In 2.5 the key is the width of all shared experts together.
      experts.sharedInner = try configuration.integer(
        "moe_shared_expert_intermediate_size", 1...1 << 24, default: experts.sharedInner)
    }
    let linear = try isThird ? delta(configuration, shape, weights) : lightning(configuration, shape, weights)
    let isLatent = try BailingMoE.attends(configuration, layers: shape.layers)

    let embedding = try EmbeddingAndHead(
      table: "model.word_embeddings", vocabulary: shape.vocabulary, hidden: shape.hidden, tied: shape.tied,
      norm: weights.norm("model.norm", shape), weights)
    let layers = try (0..<shape.layers).map { index in
      let prefix = "model.layers.\(index)."
      let attention: any BlockBody =
        isLatent(index)
        ? try LatentAttention(
          prefix + "attention.", configuration, shape, weights, gated: isThird, epsilon: shape.epsilon,
          output: "dense")
        : try linear(prefix + "attention.", index)
      return [
        Block(attention, norm: try weights.norm(prefix + "input_layernorm", shape)),
        Block(
          try experts.block(prefix + "mlp.", index, shape, activation, weights),
          norm: try weights.norm(prefix + "post_attention_layernorm", shape)),
      ]
    }
    return try Decoder(shape, embedding: embedding, layers: layers, weights)
  }

  /// Whether a model is one of Ling 3.0.
  static func isThird(_ configuration: ModelConfiguration) -> Bool {
    configuration.has("kda_safe_gate") || configuration.has("short_conv_kernel_size")
  }

  /// Loads the linear attention of layer `index` below `prefix`.
  private typealias Linear = (_ prefix: String, _ index: Int) throws -> any BlockBody

  private static func lightning(
    _ configuration: ModelConfiguration, _ shape: DecoderShape, _ weights: ModelWeights
  ) throws -> Linear {
    let rotary = try configuration.partialRotaryTable(headSize: shape.headSize, default: 0.5)
    let normsHeads = try configuration.bool("use_qk_norm", default: true)
    let groups = try configuration.integer("group_norm_size", 1...65536, default: 1)
    return { prefix, index in
      try LightningAttention(
        prefix, index: index, shape, rotary: rotary, normsHeads: normsHeads, groups: groups, weights)
    }
  }

  private static func delta(
    _ configuration: ModelConfiguration, _ shape: DecoderShape, _ weights: ModelWeights
  ) throws -> Linear {
    var bound: Float?
    if try configuration.bool("kda_safe_gate", default: true) {
      bound = Float(try configuration.number("kda_lower_bound", default: -5))
      guard let bound, bound < 0 else {
        throw ModelError.wrongValue(key: "kda_lower_bound", expected: "a negative number")
      }
    }
    let taps = try configuration.integer("short_conv_kernel_size", 1...16, default: 4)
    return { prefix, _ in
      try KimiDeltaAttention(
        prefix, heads: shape.heads, headSize: shape.headSize, taps: taps, lowerBound: bound, shape, weights)
    }
  }
}
