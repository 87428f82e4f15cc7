import Compute

/// Qwen3-Next (Qwen/Qwen3-Next-80B-A3B).
///
/// Pre-norm layers of a gated delta net or, every fourth, gated grouped-query attention with norms of each query and key
/// head and rotary embeddings on a quarter of their columns; a mixture of many small experts with a gated shared
/// expert.
enum Qwen3Next {
  static let architecture = Architecture(
    "qwen3_next", gguf: gguf("qwen3next", tiled: false, isMixture: true), mlx: mlx,
    shapes: SyntheticShape.qwen3Next
  ) { try model($0, $1) }

  /// Qwen3.5's language models (Qwen/Qwen3.5-4B, Qwen3.5-35B-A3B), which are part of multimodal ones: the same layers
  /// with a gated feed-forward block or a mixture of experts.
  static let qwen35 = Architecture(
    "qwen3_5_text", "qwen3_5", gguf: gguf("qwen35", tiled: true, isMixture: false),
    mlx: mlx35(isMixture: false),
    shapes: SyntheticShape.qwen35, build: model35)

  /// Qwen3.5's mixtures of experts.
  static let qwen35MoE = Architecture(
    "qwen3_5_moe_text", "qwen3_5_moe", gguf: gguf("qwen35moe", tiled: true, isMixture: true),
    mlx: mlx35(isMixture: true), build: model35)

  @Sendable private static func model35(
    _ configuration: ModelConfiguration, _ weights: ModelWeights
  ) throws -> Decoder {
    try configuration.require("attn_output_gate", true)
    return try model(configuration, weights)
  }

  /// - Parameters:
  ///   - tiled: whether the converter has put the value heads of one key head apart.
  ///   - isMixture: whether all layers have experts.
  private static func gguf(_ name: String, tiled: Bool, isMixture: Bool) -> GGUFConversion {
    let tensors = [
      "post_attention_layernorm": "post_attention_norm", "linear_attn.in_proj_qkv": "attn_qkv",
      "linear_attn.in_proj_z": "attn_gate", "linear_attn.in_proj_ba": "ssm_ba",
      "linear_attn.in_proj_a": "ssm_alpha",
      "linear_attn.in_proj_b": "ssm_beta", "linear_attn.conv1d": "ssm_conv1d", "linear_attn.A_log": "ssm_a",
      "linear_attn.dt_bias": "ssm_dt.bias", "linear_attn.norm": "ssm_norm", "linear_attn.out_proj": "ssm_out",
    ]
    let keys = [
      "ssm.conv_kernel": "linear_conv_kernel_dim", "ssm.state_size": "linear_key_head_dim",
      "ssm.group_count": "linear_num_key_heads", "ssm.time_step_rank": "linear_num_value_heads",
      "ssm.inner_size": "ssm_inner_size", "full_attention_interval": "full_attention_interval",
      "attention.recurrent_layers": "recurrent_layers",
    ]
    return GGUFConversion(
      name, tensors: tensors.merging(Qwen2MoE.ggufTensors) { $1 },
      keys: keys.merging(Qwen2MoE.ggufKeys) { $1 }, export: rules(tiled: tiled, isMixture: isMixture),
      configure: { object in
        object["tiles_value_heads"] = .bool(tiled)
        GGUFConversion.normsIncludeOne(&object)
        GGUFConversion.quotient(
          "linear_value_head_dim", of: "ssm_inner_size", by: "linear_num_value_heads", &object)
        guard case .array(let flags) = object["recurrent_layers"] else { return }
        object["layer_types"] = .array(
          flags.map { $0 == .bool(true) ? "linear_attention" : "full_attention" })
      },
      restore: { try Qwen2MoE.restoringGate($0, GGUFConversion.restoringDecay($0, $1)) })
  }

  static func model(_ configuration: ModelConfiguration, _ weights: ModelWeights) throws -> Decoder {
    let shape = try DecoderShape(configuration)
    let attends = try attentionLayers(configuration, count: shape.layers)
    let isSparse = try configuration.sparseLayers(count: shape.layers)
    let rotary = try configuration.partialRotaryTable(headSize: shape.headSize, default: 0.25)
    let activation = try configuration.activation()
    // transformers applies it to the convolutions and gates of the delta nets too, mlx-lm nowhere.
    try configuration.requireSiLU()
    // Public checkpoints store norm weights minus 1, MLX's conversions and GGUF files the weights themselves. The shape
    // of the convolution tells which it is.
    var offset = try configuration.normOffset()
    if offset > 0, let delta = attends.firstIndex(of: false) {
      let prefix = "model.layers.\(delta).linear_attn."
      offset = try GatedDeltaNet.isFromMLX(prefix, configuration, weights) ? 0 : 1
    }
    func norm(_ name: String, size: Int? = nil) throws -> RMSNorm {
      try weights.norm(name, shape, size: size, offset: offset)
    }

    let embedding = try EmbeddingAndHead(shape, weights, offset: offset)
    func layer(_ prefix: String, attends: Bool, isSparse: Bool) throws -> [Block] {
      let mixer: any BlockBody
      if attends {
        var attention = try SelfAttention(
          prefix + "self_attn.", shape, rotary: rotary, weights, gatesOutput: true)
        attention.headNorms = (
          try norm(prefix + "self_attn.q_norm", size: shape.headSize),
          try norm(prefix + "self_attn.k_norm", size: shape.headSize)
        )
        mixer = attention
      } else {
        mixer = try GatedDeltaNet(prefix + "linear_attn.", configuration, shape, weights)
      }
      let feedForward: any BlockBody =
        isSparse
        ? try Qwen2MoE.mixture(
          prefix + "mlp.", shape, configuration, activation, weights, normalises: true)
        : try GatedFeedForward(prefix + "mlp.", shape, activation, weights)
      return [
        Block(mixer, norm: try norm(prefix + "input_layernorm")),
        Block(feedForward, norm: try norm(prefix + "post_attention_layernorm")),
      ]
    }
    let layers = try (0..<shape.layers).map {
      try layer("model.layers.\($0).", attends: attends[$0], isSparse: isSparse[$0])
    }
    let decoder = try Decoder(shape, embedding: embedding, layers: layers, weights)
    // A layer with attention; GGUF files have it behind the others.
    let last = "model.layers.\(shape.layers)."
    let isBehind = weights.contains(last + "eh_proj.weight")
    decoder.predictor = TokenPredictor.load(
      isBehind ? .layer(last) : .separate, shape, embedding: embedding, weights, norm: { try norm($0) },
      blocks: {
        try layer(isBehind ? last : "mtp.layers.0.", attends: true, isSparse: isSparse.last ?? true)
      })
    return decoder
  }

  /// Which layers have attention, from `layer_types` or `full_attention_interval`.
  static func attentionLayers(_ configuration: ModelConfiguration, count: Int) throws -> [Bool] {
    if let types = try configuration.layerTypes(count: count) {
      guard types.allSatisfy({ ["full_attention", "linear_attention"].contains($0) }) else {
        throw ModelError.wrongValue(
          key: "layer_types", expected: "full_attention or linear_attention for each of \(count) layers")
      }
      return types.map { $0 == "full_attention" }
    }
    let interval = try configuration.integer("full_attention_interval", 1...4096, default: 4)
    return (1...count).map { $0 % interval == 0 }
  }
}
