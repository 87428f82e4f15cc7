/// dots.llm1 (rednote-hilab/dots.llm1.inst): Qwen3's attention and DeepSeek V3's mixtures of experts.
enum Dots1 {
  static let architecture = Architecture("dots1", gguf: GGUFConversion("dots1")) { configuration, weights in
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
}
