import Basics
import Compute

/// LFM2 and its mixtures of experts (LiquidAI/LFM2-1.2B, LiquidAI/LFM2-8B-A1B): gated short convolutions in most layers,
/// grouped-query attention with a norm of each query and key head in the others.
enum LFM2 {
  static let dense = Architecture(
    "lfm2",
    gguf: GGUFConversion(
      "lfm2", tensors: ggufTensors, keys: ggufKeys, export: rules, configure: configure), mlx: .plain,
    shapes: SyntheticShape.lfm2
  ) { configuration, weights in
    for key in ["block_use_swiglu", "use_pos_enc"] { try configuration.require(key, true) }
    let inner = try feedForwardWidth(configuration)
    return try model(configuration, weights) { prefix, _, shape in
      try GatedFeedForward(prefix, shape, .silu, weights, inner: inner)
    }
  }

  static let mixture = Architecture(
    "lfm2_moe",
    gguf: GGUFConversion(
      "lfm2moe", tensors: ggufTensors, keys: ggufKeys, export: rules, configure: configure),
    mlx: MLXConversion(
      eightBits: ["feed_forward.gate"], keepsType: ["expert_bias"], renames: MLXConversion.mixtralNames)
  ) { configuration, weights in
    let experts = try routedExperts(
      configuration, layers: configuration.integer("num_hidden_layers", 1...4096))
    return try model(configuration, weights) { try experts.block($0, $1, $2, .silu, weights) }
  }

  private static func routedExperts(_ configuration: ModelConfiguration, layers: Int) throws -> RoutedExperts
  {
    let dense = try configuration.integer("num_dense_layers", 0...4096, default: 2)
    var experts = try RoutedExperts(
      configuration, layers: layers, sparse: (0..<layers).map { $0 >= dense }, scoring: .sigmoid,
      normalises: true, normalisesOne: true)
    experts.corrects = try configuration.bool("use_expert_bias", default: true)
    return experts
  }

  private static let ggufKeys = [
    "shortconv.l_cache": "conv_L_cache", "leading_dense_block_count": "num_dense_layers",
  ]
  private static let ggufTensors = GGUFConversion.feedForwardTensors.merging([
    "model.embedding_norm": "token_embd_norm", "conv.conv": "shortconv.conv",
    "conv.in_proj": "shortconv.in_proj", "conv.out_proj": "shortconv.out_proj", "ffn_norm": "ffn_norm",
    "operator_norm": "attn_norm", "self_attn.q_layernorm": "attn_q_norm",
    "self_attn.k_layernorm": "attn_k_norm", "self_attn.out_proj": "attn_output",
    "feed_forward.gate": "ffn_gate_inp", "feed_forward.expert_bias": "exp_probs_b.bias",
  ]) { $1 }

  private static let rules = GGUFExport.Rules(
    keys: ["vocab_size", "expert_feed_forward_length"],
    change: { tensor, _ in
      // The names of gated blocks, which are Mixtral's.
      let parts = tensor.name.split(separator: ".")
      guard parts.count > 2, let usual = MLXConversion.mixtralNames[String(parts[parts.count - 2])] else {
        return [tensor]
      }
      return [
        tensor.named((parts.dropLast(2) + [Substring(usual), parts[parts.count - 1]]).joined(separator: "."))
      ]
    },
    complete: { fields, configuration in
      let count = try configuration.integer("num_hidden_layers", 1...4096)
      let attends = try attentionLayers(configuration, count: count)
      try fields.setKeyValueHeads(configuration, attends: attends)
      if configuration.has("num_experts") {
        fields["expert_gating_func"] = .integer(2)
        let experts = try routedExperts(configuration, layers: count).routing
        try configuration.requireForGGUF("norm_topk_prob", experts.normalises)
        try configuration.requireForGGUF("routed_scaling_factor", experts.scale == 1)
      } else {
        try fields.set("feed_forward_length", feedForwardWidth(configuration))
      }
    })

  private static func configure(_ object: inout JSONObject) {
    GGUFConversion.layerTypes(&object, other: "conv")
    object["norm_eps"] = object["rms_norm_eps"]
    object["block_auto_adjust_ff_dim"] = false
  }

  private static func model(
    _ configuration: ModelConfiguration, _ weights: ModelWeights,
    feedForward: (_ prefix: String, _ index: Int, _ shape: DecoderShape) throws -> any BlockBody
  ) throws -> Decoder {
    let shape = try DecoderShape(
      configuration, tiedByDefault: configuration.bool("tie_embedding", default: true),
      epsilon: ("norm_eps", 1e-5))
    let attends = try attentionLayers(configuration, count: shape.layers)
    let taps = try configuration.integer("conv_L_cache", 1...32, default: 3)
    for key in ["conv_dim", "conv_dim_out", "block_dim"]
    where try configuration.integer(key, 1...1 << 20, default: shape.hidden) != shape.hidden {
      throw ModelError.unsupported("a '\(key)' other than the hidden size is not supported")
    }
    let rotary = try configuration.rotaryTable(headSize: shape.headSize)

    let embedding = try EmbeddingAndHead(
      table: "model.embed_tokens", vocabulary: shape.vocabulary, hidden: shape.hidden, tied: shape.tied,
      norm: weights.norm("model.embedding_norm", shape), weights)
    let layers = try (0..<shape.layers).map { index in
      let prefix = "model.layers.\(index)."
      let mixer: any BlockBody
      if attends[index] {
        var attention = try SelfAttention(
          prefix + "self_attn.", shape, rotary: rotary, weights, names: ("qkv_proj", "out_proj"))
        attention.headNorms = try PreNormDecoder.HeadNorms.perHead.load(
          prefix + "self_attn.", shape, weights, names: ("q_layernorm", "k_layernorm"))
        mixer = attention
      } else {
        mixer = try ShortConvolution(prefix + "conv.", hidden: shape.hidden, taps: taps, weights)
      }
      return [
        Block(mixer, norm: try weights.norm(prefix + "operator_norm", shape)),
        Block(
          try feedForward(prefix + "feed_forward.", index, shape),
          norm: try weights.norm(prefix + "ffn_norm", shape)),
      ]
    }
    return try Decoder(shape, embedding: embedding, layers: layers, weights)
  }

  /// From `layer_types` or `full_attn_idxs`.
  private static func attentionLayers(_ configuration: ModelConfiguration, count: Int) throws -> [Bool] {
    if let types = try configuration.layerTypes(count: count) {
      guard types.allSatisfy({ ["full_attention", "conv"].contains($0) }) else {
        throw ModelError.wrongValue(
          key: "layer_types", expected: "full_attention or conv for each of \(count) layers")
      }
      return types.map { $0 == "full_attention" }
    }
    guard let indices = try configuration.integers("full_attn_idxs", 0...4096) else {
      throw ModelError.missingKey("layer_types")
    }
    return (0..<count).map(indices.contains)
  }

  /// The inner columns of a feed-forward block: `block_ff_dim` or `intermediate_size`, of which two thirds, rounded up to a
  /// multiple, remain if `block_auto_adjust_ff_dim` is set.
  private static func feedForwardWidth(_ configuration: ModelConfiguration) throws -> Int {
    let width = try configuration.integer(
      configuration.present("block_ff_dim", "intermediate_size"), 1...1 << 24)
    guard try configuration.bool("block_auto_adjust_ff_dim", default: true) else { return width }
    let factor = try configuration.positive("block_ffn_dim_multiplier", default: 1)
    let multiple = try configuration.integer("block_multiple_of", 1...1 << 20, default: 256)
    guard factor < 65536 else {
      throw ModelError.outOfRange(key: "block_ffn_dim_multiplier", value: factor, allowed: "below 65536")
    }
    let adjusted = Int(factor * Double(2 * width / 3))
    return (adjusted + multiple - 1) / multiple * multiple
  }
}
