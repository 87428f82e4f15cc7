import Compute

/// Ling and Ring (inclusionAI/Ling-mini-2.0 and its kin).
///
/// Pre-norm layers of grouped-query attention with fused projections, norms of each query and key head and rotary
/// embeddings on a part of their columns; after the first layers, a mixture of many small experts in groups, chosen by
/// the sigmoid of their logits plus a bias, with a shared expert.
enum BailingMoE {
  static let architecture = Architecture("bailing_moe") { try model($0, $1) }

  static func model(_ configuration: ModelConfiguration, _ weights: ModelWeights) throws -> Decoder {
    // mlx-lm normalises the head while it converts but keeps the key, so that the weights do not tell.
    for key in ["norm_head", "norm_softmax"] { try configuration.require(key, false) }
    try configuration.require("use_rmsnorm", true)
    try configuration.require("moe_router_enable_routed_scaling", true)
    let shape = try DecoderShape(configuration)
    let rotary = try configuration.partialRotaryTable(headSize: shape.headSize)
    let activation = try configuration.activation()
    let dense = try configuration.integer("first_k_dense_replace", 0...4096, default: 0)
    let normsHeads = try configuration.bool("use_qk_norm", default: false)

    let embedding = try EmbeddingAndHead(
      table: "model.word_embeddings", vocabulary: shape.vocabulary, hidden: shape.hidden, tied: shape.tied,
      norm: weights.norm("model.norm", shape), weights)
    let layers = try (0..<shape.layers).map { index in
      let prefix = "model.layers.\(index)."
      var attention = try SelfAttention(
        prefix + "attention.", shape, rotary: rotary, weights, names: ("query_key_value", "dense"))
      if normsHeads {
        attention.headNorms = (
          try weights.norm(prefix + "attention.query_layernorm", shape, size: shape.headSize),
          try weights.norm(prefix + "attention.key_layernorm", shape, size: shape.headSize)
        )
      }
      let feedForward: any BlockBody =
        index < dense
        ? try GatedFeedForward(prefix + "mlp.", shape, activation, weights)
        : try mixture(prefix + "mlp.", shape, configuration, activation, weights)
      return [
        Block(attention, norm: try weights.norm(prefix + "input_layernorm", shape)),
        Block(feedForward, norm: try weights.norm(prefix + "post_attention_layernorm", shape)),
      ]
    }
    return try Decoder(shape, embedding: embedding, layers: layers, weights)
  }

  private static func mixture(
    _ prefix: String, _ shape: DecoderShape, _ configuration: ModelConfiguration, _ activation: Activation,
    _ weights: ModelWeights
  ) throws -> ExpertMixture {
    let experts = try configuration.expertCounts()
    let groups = try configuration.expertGroups(experts: experts.all, chosen: experts.chosen)
    let inner = try configuration.integer("moe_intermediate_size", 1...1 << 24)
    let hasBias = try configuration.bool("moe_router_enable_expert_bias", default: false)
    let normalises = try configuration.bool("norm_topk_prob", default: true)
    let routing = RoutingSettings(
      count: experts.chosen, scoring: try scoring(configuration),
      // The weight of a single expert stays as it is.
      normalises: normalises && experts.chosen > 1,
      scale: Float(try configuration.number("routed_scaling_factor", default: 1)),
      correction: hasBias ? try weights.vector(prefix + "gate.expert_bias", experts.all) : nil,
      groups: groups.all, keptGroups: groups.kept)
    return try ExpertMixture(
      // mlx-lm's conversions have the router a level below.
      prefix, router: weights.contains(prefix + "gate.gate_proj.weight") ? "gate.gate_proj" : "gate", routing,
      experts: experts.all, inner: inner, shape, activation, weights,
      shared: sharedExpert(prefix, shape, configuration, activation, weights, inner: inner))
  }

  private static func scoring(_ configuration: ModelConfiguration) throws -> RoutingSettings.Scoring {
    switch try configuration.optionalString("score_function") ?? "softmax" {
    case "sigmoid": .sigmoid
    case "softmax": .softmax
    case let name: throw ModelError.unsupported("the 'score_function' '\(name)' is not supported")
    }
  }

  /// The shared experts are one block that is as wide as all of them.
  private static func sharedExpert(
    _ prefix: String, _ shape: DecoderShape, _ configuration: ModelConfiguration, _ activation: Activation,
    _ weights: ModelWeights, inner: Int
  ) throws -> SharedExpert? {
    let count = try configuration.integer("num_shared_experts", 0...65536, default: 0)
    let width = try configuration.integer("moe_shared_expert_intermediate_size", 1...1 << 24, default: inner)
    guard count > 0, try configuration.bool("moe_router_enable_shared_expert", default: true) else {
      return nil
    }
    return SharedExpert(
      feedForward: try GatedFeedForward(
        prefix + "shared_experts.", shape, activation, weights, inner: count * width),
      gate: nil)
  }
}
