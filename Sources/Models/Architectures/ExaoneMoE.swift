/// K-EXAONE (LGAI-EXAONE/K-EXAONE-236B-A23B): layers with a sliding window and rotary embeddings between global ones
/// without position embeddings, norms of each query and key head; DeepSeek V3's mixtures of experts.
enum ExaoneMoE {
  static let architecture = Architecture(
    "exaone_moe",
    gguf: GGUFConversion(
      "exaone-moe", tensors: ["mlp.e_score_correction_bias": "exp_probs_b.bias"], export: rules
    ) {
      // llama.cpp's default.
      if $0["layer_types"] == nil, $0["sliding_window_pattern"] == nil {
        $0["sliding_window_pattern"] = "LLLG"
      }
    }, mlx: mlx
  ) { configuration, weights in
    let count = try configuration.integer("num_hidden_layers", 1...4096)
    let experts = try RoutedExperts(configuration, layers: count, scoring: .sigmoid, normalises: true)
    let windows = try configuration.windows(count: count, slides: Exaone4.slides(configuration))
    let decoder = PreNormDecoder(
      windows: windows,
      rotates: Exaone4.rotates(configuration, windows), headNorms: .perHead
    ) { prefix, index, shape, activation in
      try experts.block(prefix + "mlp.", index, shape, activation, weights)
    }
    return try decoder.model(configuration, weights)
  }

  /// mlx-lm has the correction bias in the router.
  private static let mlx: MLXConversion = {
    var conversion = MLXConversion.fixedRouter
    let bias = "e_score_correction_bias"
    conversion.change = { tensor, _ in
      [tensor.named(tensor.name.replacing(".mlp." + bias, with: ".mlp.gate." + bias))]
    }
    return conversion
  }()

  /// The layers for multi-token prediction are left out.
  private static let rules = GGUFExport.Rules(
    keys: [
      "vocab_size", "expert_feed_forward_length", "expert_shared_count", "expert_weights_scale",
      "expert_weights_norm", "leading_dense_block_count",
    ],
    complete: { fields, configuration in
      try fields.setWindows(configuration, slides: Exaone4.slides(configuration))
      let shared = try configuration.integer("num_shared_experts", 0...65536, default: 1)
      try fields.set(
        "expert_shared_feed_forward_length",
        shared * configuration.integer("moe_intermediate_size", 1...1 << 24))
      if fields["leading_dense_block_count"] == nil { try fields.set("leading_dense_block_count", 0) }
      try fields.set("nextn_predict_layers", 0)
      fields["rope.scaling.type"] = .string("none")
    })
}
