/// EXAONE 4.0 (arXiv:2507.11407): Llama's layers with norms of each block's output instead of its input and of each query
/// and key head. In the larger model, layers with a sliding window alternate with global ones, which have no position
/// embeddings.
enum Exaone4 {
  static let architecture = Architecture(
    "exaone4",
    gguf: GGUFConversion("exaone4", tensors: GGUFConversion.normsAfter, export: rules) {
      // As in llama.cpp: only the 32B model has windows.
      let hasWindows = $0["num_hidden_layers"]?.asInteger == 64
      $0["sliding_window"] = hasWindows ? $0["sliding_window"] ?? 4096 : nil
      if $0["layer_types"] == nil { $0["sliding_window_pattern"] = "LLLG" }
    }, mlx: .plain
  ) { configuration, weights in
    let count = try configuration.integer("num_hidden_layers", 1...4096)
    let windows = try configuration.windows(count: count, slides: slides(configuration))
    let decoder = PreNormDecoder(
      names: .normsAfter, windows: windows, rotates: rotates(configuration, windows), headNorms: .perHead)
    return try decoder.model(configuration, weights)
  }

  private static let rules = GGUFExport.Rules(
    keys: ["vocab_size"],
    complete: { fields, configuration in
      try fields.setWindows(configuration, slides: slides(configuration))
      let isLarge = try configuration.integer("num_hidden_layers", 1...4096) == 64
      try configuration.requireForGGUF("sliding_window", isLarge == configuration.has("sliding_window"))
    })

  /// Which layers have position embeddings: all of a model without windows, otherwise those with one.
  static func rotates(_ configuration: ModelConfiguration, _ windows: [Int?]) -> [Bool]? {
    configuration.has("sliding_window") ? windows.map { $0 != nil } : nil
  }

  /// `sliding_window_pattern`: a letter for each layer of a period, L for a sliding window and G for a global layer, or
  /// the length of a period that ends with a global layer.
  static func slides(_ configuration: ModelConfiguration) throws -> (Int) -> Bool {
    let key = "sliding_window_pattern"
    guard !configuration.has("layer_types"), configuration.has("sliding_window") else {
      return { _ in false }
    }
    if case .integer? = configuration.json[key] {
      let period = try configuration.integer(key, 1...4096)
      return { ($0 + 1) % period != 0 }
    }
    let letters = Array(try configuration.string(key))
    guard !letters.isEmpty, letters.allSatisfy("LG".contains) else {
      throw ModelError.wrongValue(key: key, expected: "a string of L and G")
    }
    return { letters[$0 % letters.count] == "L" }
  }
}
