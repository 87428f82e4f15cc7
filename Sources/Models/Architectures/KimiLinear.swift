import Basics
import Compute

/// Kimi Linear (arXiv:2510.26692, moonshotai/Kimi-Linear-48B-A3B-Instruct): layers of Kimi delta attention and, every
/// fourth, latent attention without position embeddings; mixtures of experts as in DeepSeek V3.
enum KimiLinear {
  static let architecture = Architecture(
    "kimi_linear",
    gguf: GGUFConversion(
      "kimi-linear", tensors: ggufTensors,
      keys: DeepSeek.latentKeys.merging([
        "ssm.conv_kernel": "short_conv_kernel_size", "kda.head_dim": "kda_head_dim",
      ]) { $1 }, export: rules, configure: { try configure(&$0) },
      restore: { name, stored in
        // Convolutions are [1, channels, 1, taps].
        guard name.contains("_conv1d"), stored.shape.count == 4, stored.format.blockColumns == 1 else {
          return try GGUFConversion.restoringDecay(name, stored)
        }
        return try Weight(
          format: stored.format, shape: [stored.shape[1], stored.shape[3]], values: stored.values)
      }),
    mlx: MLXConversion(
      eightBits: ["mlp.gate"], keepsType: ["e_score_correction_bias", "A_log", "dt_bias"],
      change: mlxTensors)
  ) { configuration, weights in
    try configuration.require("mla_use_nope", true)
    try configuration.require("use_grouped_topk", true)
    let shape = try DecoderShape(configuration)
    let activation = try configuration.activation()
    // transformers applies it to the convolutions of delta attention too.
    try configuration.requireSiLU()
    let experts = try RoutedExperts(
      configuration, layers: shape.layers, scoring: .sigmoid, scoringKey: "moe_router_activation_func",
      normalises: true)
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

  /// mlx-lm has the mixtures where other models have them, and a convolution as a layer of its own.
  @Sendable private static func mlxTensors(
    _ tensor: ConvertedTensor, _ configuration: ModelConfiguration
  ) throws -> [ConvertedTensor] {
    let bias = "mlp.gate.e_score_correction_bias"
    let name = tensor.name.replacing(".block_sparse_moe.", with: ".mlp.")
      .replacing(bias, with: "mlp.e_score_correction_bias").replacing(
        "_conv1d.weight", with: "_conv.conv.weight")
    let count = tensor.shape.reduce(1, *)
    if name.hasSuffix(".A_log") { return [tensor.reshaped([1, 1, count, 1])] }
    if name.hasSuffix(".dt_bias") { return [tensor.reshaped([count])] }
    return try DeepSeek.latents(tensor.named(name), configuration)
  }

  private static let ggufTensors = DeepSeek.latentTensors.merging([
    "self_attn.q_conv1d": "ssm_conv1d_q", "self_attn.k_conv1d": "ssm_conv1d_k",
    "self_attn.v_conv1d": "ssm_conv1d_v", "self_attn.A_log": "ssm_a", "self_attn.dt_bias": "ssm_dt.bias",
    "self_attn.f_a_proj": "ssm_f_a", "self_attn.f_b_proj": "ssm_f_b", "self_attn.g_a_proj": "ssm_g_a",
    "self_attn.g_b_proj": "ssm_g_b", "self_attn.b_proj": "ssm_beta", "self_attn.o_norm": "ssm_norm",
    "block_sparse_moe.gate.e_score_correction_bias": "exp_probs_b.bias",
    "block_sparse_moe.shared_experts.gate_proj": "ffn_gate_shexp",
    "block_sparse_moe.shared_experts.up_proj": "ffn_up_shexp",
    "block_sparse_moe.shared_experts.down_proj": "ffn_down_shexp",
  ]) { $1 }

  /// Convolutions are stored with four dimensions. The number of groups of experts is written if there are several; the
  /// converter leaves it out.
  private static let rules = GGUFExport.Rules(
    keys: [
      "vocab_size", "expert_feed_forward_length", "expert_shared_count", "leading_dense_block_count",
      "expert_weights_scale",
    ], needsHead: true,
    change: { tensor, configuration in
      if tensor.name.contains("_conv1d."), tensor.shape.count > 1, let taps = tensor.shape.last {
        return [tensor.reshaped([1, tensor.shape[0], 1, taps])]
      }
      return try DeepSeek.latents(tensor, configuration)
    },
    complete: { try complete(&$0, $1) })

  private static func complete(_ fields: inout GGUFFields, _ configuration: ModelConfiguration) throws {
    let key = "linear_attn_config"
    guard let linear = try configuration.object(key) else { throw ModelError.missingKey(key) }
    guard let layers = try linear.integers("kda_layers", 1...4096) else {
      throw ModelError.missingKey("kda_layers")
    }
    let heads = try configuration.integer("num_attention_heads", 1...65536)
    try configuration.requireForGGUF("num_heads", linear.integer("num_heads", 1...65536) == heads)
    try configuration.requireForGGUF(
      "moe_layer_freq", configuration.integer("moe_layer_freq", 1...4096, default: 1) == 1)
    try configuration.requireForGGUF(
      "moe_renormalize", configuration.bool("moe_renormalize", default: true))
    // Sotto does not normalise a single weight, llama.cpp does.
    let chosen = try configuration.expertCounts().chosen
    try configuration.requireForGGUF("num_experts_per_token", chosen > 1)

    let count = try configuration.integer("num_hidden_layers", 1...4096)
    fields["attention.head_count_kv"] = .integers((1...count).map { layers.contains($0) ? 0 : 1 })
    let rank = try configuration.integer("kv_lora_rank", 1...1 << 20)
    let rotated = try configuration.integer("qk_rope_head_dim", 1...65536)
    let plain = try configuration.integer("qk_nope_head_dim", 1...65536)
    try fields.set("attention.key_length", rank + rotated)
    try fields.set("attention.key_length_mla", plain + rotated)
    try fields.set("ssm.conv_kernel", linear.integer("short_conv_kernel_size", 1...16, default: 4))
    try fields.set("kda.head_dim", linear.integer("head_dim", 1...8192))
    if fields["expert_gating_func"] == nil { fields["expert_gating_func"] = .integer(2) }
    let groups = try configuration.integer("num_expert_group", 1...65536, default: 1)
    if groups > 1 { try fields.set("expert_group_count", groups) }
  }

  /// Layers of delta attention have no key-value heads.
  private static func configure(_ object: inout JSONObject) throws {
    try DeepSeek.separateLatentKeys(&object)
    guard let heads = object["num_key_value_heads"]?.asArray else {
      throw ModelError.missingKey("attention.head_count_kv")
    }
    var linear = JSONObject()
    linear["kda_layers"] = .array(
      heads.enumerated().filter { $0.element == .integer(0) }.map { .integer($0.offset + 1) })
    linear["num_heads"] = object["num_attention_heads"]
    linear["head_dim"] = object["kda_head_dim"]
    linear["short_conv_kernel_size"] = object["short_conv_kernel_size"]
    object["linear_attn_config"] = .object(linear)
    object["num_key_value_heads"] = object["num_attention_heads"]
    object["head_dim"] = nil
    // The converter leaves out the number of groups, which is 1 in the public checkpoint.
    if object["n_group"] == nil { object["topk_group"] = nil }
  }
}
