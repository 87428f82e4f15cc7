import Basics
import Compute

/// Nemotron-H and Nemotron Nano 2 and 3 (arXiv:2504.03624): each layer is one block, either a Mamba-2 mixer, attention
/// without position embeddings, a feed-forward block of squared ReLU, or a mixture of experts of such blocks.
enum NemotronH {
  static let architecture = Architecture(
    "nemotron_h", gguf: gguf("nemotron_h"), mlx: mlx, shapes: SyntheticShape.nemotronH, build: model)

  /// GGUF has a name of its own for the models with experts (Nemotron 3 Nano).
  static let mixture = Architecture("nemotron_h_moe", gguf: gguf("nemotron_h_moe"), build: model)

  private static let mlx = MLXConversion(
    unquantized: ["mixer.gate"], keepsType: ["e_score_correction_bias", "A_log"],
    experts: ["down_proj": "fc2", "up_proj": "fc1"])

  @Sendable private static func model(_ configuration: ModelConfiguration, _ weights: ModelWeights) throws
    -> Decoder
  {

    let shape = try DecoderShape(
      configuration, epsilon: (configuration.present("layer_norm_epsilon", "norm_eps"), 1e-5))
    let kinds = try kinds(configuration, count: shape.layers)
    try configuration.requireSiLU("mamba_hidden_act")
    for key in ["moe_latent_size", "sliding_window"] where configuration.has(key) {
      throw ModelError.unsupported("'\(key)' is not supported by this architecture")
    }
    let activation = try configuration.activation(key: "mlp_hidden_act", default: "relu2")

    let embedding = try EmbeddingAndHead(
      table: "backbone.embeddings", vocabulary: shape.vocabulary, hidden: shape.hidden, tied: shape.tied,
      norm: weights.norm("backbone.norm_f", shape), weights)
    let layers = try (0..<shape.layers).map { index in
      let prefix = "backbone.layers.\(index)."
      let body: any BlockBody
      switch kinds[index] {
      case .mixer:
        body = try StateSpaceMixer(
          prefix + "mixer.", configuration.stateSpaceShape(.nemotron),
          epsilon: shape.epsilon, weights)
      case .attention: body = try SelfAttention(prefix + "mixer.", shape, rotary: nil, weights)
      case .feedForward: body = try FeedForward(prefix + "mixer.", shape, activation, weights)
      case .experts: body = try experts(prefix + "mixer.", configuration, shape, activation, weights)
      }
      return [Block(body, norm: try weights.norm(prefix + "norm", shape))]
    }
    return try Decoder(shape, embedding: embedding, layers: layers, weights)
  }

  private static func gguf(_ name: String) -> GGUFConversion {
    var tensors = GGUFConversion.stateSpaceTensors("mixer")
    for part in ["q", "k", "v"] { tensors["mixer.\(part)_proj"] = "attn_\(part)" }
    tensors["mixer.o_proj"] = "attn_output"
    tensors["norm"] = "attn_norm"
    for part in ["up", "down"] {
      tensors["mixer.\(part)_proj"] = "ffn_\(part)"
      tensors["mixer.experts.\(part)_proj"] = "ffn_\(part)_exps"
      tensors["mixer.shared_experts.\(part)_proj"] = "ffn_\(part)_shexp"
    }
    tensors["mixer.gate"] = "ffn_gate_inp"
    tensors["mixer.gate.e_score_correction_bias"] = "exp_probs_b.bias"
    return GGUFConversion(
      name, tensors: tensors,
      keys: [
        "ssm.conv_kernel": "conv_kernel", "ssm.state_size": "ssm_state_size", "ssm.group_count": "n_groups",
        "ssm.time_step_rank": "mamba_num_heads", "ssm.inner_size": "ssm_inner_size",
        "expert_shared_feed_forward_length": "moe_shared_expert_intermediate_size",
      ], export: rules, configure: configure, restore: GGUFConversion.restoringDecay)
  }

  /// Files of models with experts have the other name. The converter reorders q and k as if they were rotated.
  private static let rules = GGUFExport.Rules(
    interleavesRotary: true, keys: ["vocab_size", "rope.dimension_count"],
    change: { tensor, configuration in
      [tensor.stateSpace(groups: try configuration.integer("n_groups", 1...65536, default: 1))]
    },
    complete: { fields, configuration in
      let count = try configuration.integer("num_hidden_layers", 1...4096)
      let kinds = try kinds(configuration, count: count)
      try fields.setKeyValueHeads(configuration, attends: kinds.map { $0 == .attention })
      let heads = try configuration.integer("mamba_num_heads", 1...65536)
      try fields.set("ssm.inner_size", heads * configuration.integer("mamba_head_dim", 1...65536))
      fields["rope.scaling.finetuned"] = .bool(false)
      let hidden = try configuration.integer("hidden_size", 1...1 << 20)
      try fields.set(
        "rope.dimension_count", hidden / configuration.integer("num_attention_heads", 1...65536))
      try fields.set("context_length", 1 << 20)
      fields["attention.layer_norm_rms_epsilon"] = fields["attention.layer_norm_epsilon"]
      let hasExperts = kinds.contains(.experts)
      let inner = try configuration.integer(
        hasExperts ? "moe_intermediate_size" : "intermediate_size", 1...1 << 24)
      fields["feed_forward_length"] = .integers(
        kinds.map { $0 == (hasExperts ? .experts : .feedForward) ? Int32(inner) : 0 })
      guard hasExperts else { return }
      try configuration.requireForGGUF("hybrid_override_pattern", !kinds.contains(.feedForward))
      for (key, name) in [
        ("expert_feed_forward_length", "moe_intermediate_size"), ("expert_shared_count", "n_shared_experts"),
        ("expert_weights_norm", "norm_topk_prob"), ("expert_weights_scale", "routed_scaling_factor"),
      ] { try fields.set(key, from: configuration, [name]) }
    }, name: { $0.has("n_routed_experts") ? "nemotron_h_moe" : "nemotron_h" })

  /// The numbers of key-value heads and of inner columns tell what a layer is.
  private static func configure(_ object: inout JSONObject) {
    object["layer_norm_epsilon"] = object["rms_norm_eps"]
    GGUFConversion.quotient("mamba_head_dim", of: "ssm_inner_size", by: "mamba_num_heads", &object)
    guard case .array(let heads) = object["num_key_value_heads"],
      case .array(let inner) = object["intermediate_size"],
      heads.count == inner.count
    else { return }
    let block = object["num_local_experts"]?.asInteger ?? 0 > 0 ? "moe" : "mlp"
    object["layers_block_type"] = .array(
      zip(heads, inner).map { heads, inner in
        heads != .integer(0) ? "attention" : .string(inner != .integer(0) ? block : "mamba")
      })
  }

  /// The kinds of blocks.
  private enum Kind: Character {
    case mixer = "M"
    case attention = "*"
    case feedForward = "-"
    case experts = "E"
  }

  /// From `hybrid_override_pattern`, or from names in `layers_block_type` or `layer_types`.
  private static func kinds(_ configuration: ModelConfiguration, count: Int) throws -> [Kind] {
    let names: [String: Kind] = [
      "mamba": .mixer, "linear_attention": .mixer, "attention": .attention, "full_attention": .attention,
      "mlp": .feedForward, "moe": .experts,
    ]
    let key = configuration.present("hybrid_override_pattern", "layers_block_type", "layer_types")
    let kinds: [Kind?]
    if key == "hybrid_override_pattern" {
      kinds = try configuration.string(key).map { Kind(rawValue: $0) }
    } else {
      kinds = (try configuration.strings(key) ?? []).map { names[$0] }
    }
    let known = kinds.compactMap { $0 }
    guard kinds.count == count, known.count == count else {
      throw ModelError.wrongValue(key: key, expected: "one of M, *, - and E for each of \(count) layers")
    }
    return known
  }

  /// Experts without gates, and a shared one beside them.
  private static func experts(
    _ prefix: String, _ configuration: ModelConfiguration, _ shape: DecoderShape, _ activation: Activation,
    _ weights: ModelWeights
  ) throws -> any BlockBody {
    var experts = try RoutedExperts(
      configuration, layers: shape.layers, sparse: Array(repeating: true, count: shape.layers),
      scoring: .sigmoid, normalises: true)
    // The key is the width of all shared experts together.
    let key = "moe_shared_expert_intermediate_size"
    let sharedInner =
      experts.sharedInner == 0 ? 0 : try configuration.integer(key, 1...1 << 24, default: experts.sharedInner)
    experts.sharedInner = 0
    let mixture = try experts.mixture(prefix, shape, activation, weights, hasGates: false)
    guard sharedInner > 0 else { return mixture }
    let shared = try FeedForward(prefix + "shared_experts.", shape, activation, weights, inner: sharedInner)
    return SideBySide([Block(mixture), Block(shared)])
  }
}
