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
    let windows = try configuration.windows(count: count, slides: slides(configuration))
    let decoder = PreNormDecoder(
      windows: windows,
      // Without windows, every layer has position embeddings.
      rotates: windows.contains { $0 != nil } ? windows.map { $0 != nil } : nil, headNorms: .perHead
    ) { prefix, index, shape, activation in
      try experts.block(prefix + "mlp.", index, shape, activation, weights)
    }
    return try decoder.model(configuration, weights)
  }

  /// `sliding_window_pattern`: a letter for each layer of a period, L for a sliding window and G for a global layer.
  private static func slides(_ configuration: ModelConfiguration) throws -> (Int) -> Bool {
    guard !configuration.has("layer_types"), configuration.has("sliding_window") else {
      return { _ in false }
    }
    let letters = Array(try configuration.string("sliding_window_pattern"))
    guard !letters.isEmpty, letters.allSatisfy("LG".contains) else {
      throw ModelError.wrongValue(key: "sliding_window_pattern", expected: "a string of L and G")
    }
    return { letters[$0 % letters.count] == "L" }
  }
}
