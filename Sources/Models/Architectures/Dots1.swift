/// dots.llm1 (rednote-hilab/dots.llm1.inst): Qwen3's attention and DeepSeek V3's mixtures of experts.
enum Dots1 {
  static let architecture = Architecture("dots1", gguf: GGUFConversion("dots1", export: rules), mlx: mlx) {
    configuration, weights in
    let count = try configuration.integer("num_hidden_layers", 1...4096)
    let experts = try RoutedExperts(configuration, layers: count, scoring: .sigmoid, normalises: false)
    let first = try configuration.integer("max_window_layers", 0...1 << 20, default: count)
    let decoder = PreNormDecoder(
      windows: try configuration.windows(count: count) { $0 >= first }, headNorms: .perHead
    ) { prefix, index, shape, activation in
      try experts.block(prefix + "mlp.", index, shape, activation, weights)
    }
    return try decoder.model(configuration, weights)
  }

  /// mlx-lm keeps the name of the experts for their stack, and rounds the correction bias like all other numbers.
  private static let mlx = MLXConversion(
    unquantized: ["mlp.gate"],
    change: { tensor, _ in [tensor.named(tensor.name.replacing(".mlp.switch_mlp.", with: ".mlp.experts."))] })

  private static let rules = GGUFExport.Rules(
    keys: [
      "expert_feed_forward_length", "leading_dense_block_count", "expert_shared_count",
      "expert_weights_scale", "expert_weights_norm",
    ],
    complete: { fields, configuration in
      fields["expert_gating_func"] = .integer(2)
      try configuration.requireWindowsForGGUF({ _ in false }, unless: { _ in true })
      try configuration.requireForGGUF(
        "moe_layer_freq", configuration.integer("moe_layer_freq", 0...4096, default: 1) == 1)
    })
}
