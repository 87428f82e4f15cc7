import Basics
import Compute

/// Jamba (arXiv:2403.19887, ai21labs/AI21-Jamba-Reasoning-3B): Mamba's mixers with norms of steps, B and C, every few
/// layers attention without position embeddings instead, and in some layers a mixture of experts.
enum Jamba {
  static let architecture = Architecture(
    "jamba",
    gguf: GGUFConversion(
      "jamba",
      tensors: GGUFConversion.stateSpaceTensors("mamba").merging(ggufTensors) { $1 },
      keys: GGUFConversion.hybridStateSpaceKeys.merging(["ssm.time_step_rank": "mamba_dt_rank"]) { $1 },
      export: rules, configure: configure, restore: GGUFConversion.restoringDecay),
    mlx: .router("router"), shapes: SyntheticShape.jamba
  ) { configuration, weights in
    let shape = try DecoderShape(configuration)
    let activation = try configuration.activation()
    try configuration.requireSiLU()
    let attends =
      try configuration.layerTypes(count: shape.layers)?.map { $0 == "full_attention" }
      ?? every(configuration, "attn_layer", default: (8, 4), count: shape.layers)
    let experts = try configuration.integer(
      configuration.present("num_experts", "num_local_experts"), 1...65536, default: 16)
    let isSparse = try every(configuration, "expert_layer", default: (2, 1), count: shape.layers)
    let mixerShape = try configuration.selectiveMixerShape(
      hidden: shape.hidden,
      inner: configuration.integer("mamba_expand", 1...64, default: 2) * shape.hidden,
      stateSize: ("mamba_d_state", 16), taps: ("mamba_d_conv", 4), rank: "mamba_dt_rank")

    let embedding = try EmbeddingAndHead(
      table: "model.embed_tokens", vocabulary: shape.vocabulary, hidden: shape.hidden, tied: shape.tied,
      norm: weights.norm("model.final_layernorm", shape), weights)
    let layers = try (0..<shape.layers).map { index in
      let prefix = "model.layers.\(index)."
      let mixer: any BlockBody =
        attends[index]
        ? try SelfAttention(prefix + "self_attn.", shape, rotary: nil, weights)
        : try SelectiveMixer(
          prefix + "mamba.", mixerShape, norms: .learnt(epsilon: shape.epsilon), weights)
      let feedForward: any BlockBody
      // The tensors of a GGUF file tell which layers have experts.
      let hasExperts =
        configuration.has("ssm_inner_size")
        ? weights.contains(prefix + "feed_forward.router.weight") : isSparse[index]
      if experts > 1, hasExperts {
        let chosen = try configuration.integer("num_experts_per_tok", 1...experts, default: min(2, experts))
        // The softmax is over all experts, as in transformers; mlx-lm takes it over the chosen ones.
        feedForward = try ExpertMixture(
          prefix + "feed_forward.", router: "router", RoutingSettings(count: chosen, scoring: .softmax),
          experts: experts, inner: shape.intermediate, shape, activation, weights)
      } else {
        feedForward = try GatedFeedForward(prefix + "feed_forward.", shape, activation, weights)
      }
      return [
        Block(mixer, norm: try weights.norm(prefix + "input_layernorm", shape)),
        Block(feedForward, norm: try weights.norm(prefix + "pre_ff_layernorm", shape)),
      ]
    }
    return try Decoder(shape, embedding: embedding, layers: layers, weights)
  }

  private static let ggufTensors = GGUFConversion.feedForwardTensors.merging([
    "model.final_layernorm": "output_norm", "pre_ff_layernorm": "ffn_norm",
    "feed_forward.router": "ffn_gate_inp",
  ]) { $1 }

  private static let rules = GGUFExport.Rules(complete: { fields, configuration in
    let count = try configuration.integer("num_hidden_layers", 1...4096)
    let attends = try every(configuration, "attn_layer", default: (8, 4), count: count)
    try fields.setKeyValueHeads(configuration, attends: attends)
    let hidden = try configuration.integer("hidden_size", 1...1 << 20)
    try fields.set("ssm.inner_size", configuration.integer("mamba_expand", 1...64, default: 2) * hidden)
    let defaults = [
      ("ssm.conv_kernel", 4), ("ssm.state_size", 16), ("ssm.time_step_rank", (hidden + 15) / 16),
    ]
    for (key, fallback) in defaults where fields[key] == nil { try fields.set(key, fallback) }
    fields.remove("rope.freq_base", "attention.key_length", "attention.value_length")
  })

  private static func configure(_ object: inout JSONObject) {
    GGUFConversion.layerTypes(&object, other: "mamba")
    object["num_local_experts"] = object["num_local_experts"] ?? 1
    GGUFConversion.quotient("mamba_expand", of: "ssm_inner_size", by: "hidden_size", &object)
  }

  /// Which of `count` layers are those at `KEY_offset` and every `KEY_period` layers after it.
  private static func every(
    _ configuration: ModelConfiguration, _ key: String, default fallback: (period: Int, offset: Int),
    count: Int
  ) throws -> [Bool] {
    let period = try configuration.integer(key + "_period", 1...4096, default: fallback.period)
    let offset = try configuration.integer(key + "_offset", 0...4096, default: fallback.offset)
    return (0..<count).map { $0 % period == offset }
  }
}
