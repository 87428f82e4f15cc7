import Basics
import Compute

/// PLaMo 2 (pfnet/plamo-2-1b): Mamba-2 mixers and, every few layers, attention with a sliding window, unless the layer is
/// among the `full_attention_idx`; norms before and after every block, the latter with offsets that keep the residuals
/// small.
enum PLaMo2 {
  static let architecture = Architecture(
    "plamo2",
    gguf: GGUFConversion(
      "plamo2", tensors: ggufTensors,
      keys: [
        "ssm.state_size": "mamba_d_state", "ssm.conv_kernel": "mamba_d_conv",
        "ssm.time_step_rank": "mamba_num_heads",
      ], export: rules, configure: configure, restore: GGUFConversion.restoringDecay), mlx: .plain
  ) { original, weights in
    let configuration = original.renamed(["hidden_size_per_head": "head_dim"])
    let shape = try DecoderShape(configuration, tiedByDefault: true)
    let attends = try attentionLayers(configuration, count: shape.layers)
    let window = try configuration.integer("attention_window_size", 1...1 << 40, default: 2048)
    let full = try configuration.integers("full_attention_idx", 0...4096) ?? []
    // The base of a checkpoint is 10000 whatever the configuration says, as in mlx-lm.
    let rotary = RotaryTable(
      headSize: shape.headSize,
      frequencies: RotaryScaling.none.frequencies(
        dimensions: shape.headSize, base: try configuration.positive("rotary_base", default: 10000)
      ).values,
      interleaved: false)
    let mixerShape = StateSpaceShape(
      hidden: shape.hidden, heads: try configuration.integer("mamba_num_heads", 1...65536, default: 64),
      headSize: shape.headSize, groups: 1,
      stateSize: try configuration.integer("mamba_d_state", 1...65536, default: 64),
      taps: try configuration.integer("mamba_d_conv", 1...32, default: 4))

    let offset = try configuration.normOffset()
    let embedding = try EmbeddingAndHead(shape, weights, offset: offset)
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
          mixer, norm: try norm("pre_mixer_norm", offset: offset),
          normAfter: try norm("post_mixer_norm", offset: offset * 0.2)),
        Block(
          try GatedFeedForward(prefix + "mlp.", shape, .silu, weights),
          norm: try norm("pre_mlp_norm", offset: offset),
          // 5 to the power of -1.5.
          normAfter: try norm("post_mlp_norm", offset: offset * 0.089_442_719)),
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

  private static let ggufTensors = GGUFConversion.stateSpaceTensors("mixer").merging([
    "mixer.bcdt_proj": "ssm_x",
    // The converter calls the bias of the steps that of their projection.
    "mixer.dt_proj.bias": "none", "mixer.dt_bias": "ssm_dt.bias", "mixer.dt_proj": "ssm_dt",
    "mixer.B_norm_weight": "ssm_b_norm", "mixer.C_norm_weight": "ssm_c_norm",
    "mixer.dt_norm_weight": "ssm_dt_norm", "mixer.qkv_proj": "attn_qkv", "mixer.o_proj": "attn_output",
    "mixer.q_weight": "attn_q_norm.weight", "mixer.k_weight": "attn_k_norm.weight",
    "pre_mixer_norm": "attn_norm", "pre_mlp_norm": "ffn_norm", "mlp.gate_up_proj": "ffn_up",
    // Names without an ending.
    "post_mixer_norm.weight": "post_attention_norm", "post_mlp_norm.weight": "post_ffw_norm",
  ]) { $1 }

  /// The converter adds the offsets to the norms, and has numbers of heads for each layer, none for Mamba-2's.
  @Sendable private static func configure(_ object: inout JSONObject) {
    GGUFConversion.normsIncludeOne(&object)
    GGUFConversion.layerTypes(&object, other: "mamba")
    for key in ["num_attention_heads", "num_key_value_heads"] {
      guard case .array(let heads) = object[key] else { continue }
      object[key] = .integer(heads.compactMap(\.asInteger).max() ?? 0)
    }
    object["rotary_base"] = object["rope_theta"]
    // The file has no window; llama.cpp attends to all positions.
    object["attention_window_size"] = .integer(1 << 40)
  }

  static func attentionLayers(_ configuration: ModelConfiguration, count: Int) throws -> [Bool] {
    if let types = try configuration.layerTypes(count: count) { return types.map { $0 != "mamba" } }
    guard try configuration.bool("mamba_enabled", default: true) else {
      return Array(repeating: true, count: count)
    }
    let step = try configuration.integer("mamba_step", 2...4096, default: 2)
    if count <= step / 2 { return (0..<count).map { $0 == count - 1 } }
    return (0..<count).map { $0 % step == step / 2 }
  }
}
