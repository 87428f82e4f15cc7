/// K-EXAONE (LGAI-EXAONE/K-EXAONE-236B-A23B): layers with a sliding window and rotary embeddings between global ones
/// without position embeddings, norms of each query and key head; DeepSeek V3's mixtures of experts.
enum ExaoneMoE {
  static let architecture = Architecture(
    "exaone_moe",
    gguf: GGUFConversion("exaone-moe") {
      // llama.cpp's default.
      if $0["layer_types"] == nil, $0["sliding_window_pattern"] == nil {
        $0["sliding_window_pattern"] = "LLLG"
      }
    }
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
}
