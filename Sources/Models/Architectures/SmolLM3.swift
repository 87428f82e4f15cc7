/// SmolLM3 (HuggingFaceTB/SmolLM3-3B): Llama's layers, every fourth without position embeddings.
enum SmolLM3 {
  static let architecture = Architecture(
    "smollm3",
    gguf: GGUFConversion(
      "smollm3", export: rules, configure: GGUFConversion.interleavedRotary), mlx: .plain
  ) { configuration, weights in
    let count = try configuration.integer("num_hidden_layers", 1...4096)
    let rotates = try rotates(configuration)
    let slides = try configuration.bool("use_sliding_window", default: false)
    let windows = try configuration.windows(count: count) { slides && !rotates[$0] }
    return try PreNormDecoder(tiedByDefault: true, windows: windows, rotates: rotates)
      .model(configuration, weights)
  }

  private static let rules: GGUFExport.Rules = {
    var rules = GGUFExport.Rules.llama
    rules.complete = { _, configuration in
      let rotates = try rotates(configuration)
      try configuration.requireForGGUF(
        "no_rope_layers", rotates.indices.allSatisfy { rotates[$0] == (($0 + 1) % 4 != 0) })
    }
    return rules
  }()

  /// Which layers have position embeddings.
  private static func rotates(_ configuration: ModelConfiguration) throws -> [Bool] {
    let count = try configuration.integer("num_hidden_layers", 1...4096)
    let interval = try configuration.integer("no_rope_layer_interval", 1...4096, default: 4)
    // Despite its name, `no_rope_layers` has a 1 for each layer with position embeddings.
    return try configuration.perLayer(
      "no_rope_layers", 0...1, count: count, default: (1...count).map { $0 % interval == 0 ? 0 : 1 }
    ).map { $0 == 1 }
  }
}
