/// Command R and R7B (CohereLabs/c4ai-command-r-v01, c4ai-command-r7b-12-2024).
///
/// Attention and a gated feed-forward block side by side behind one layer norm; rotated pairs are adjacent; a factor on
/// the logits. In Cohere 2, layers with a sliding window alternate with layers of full attention, which have no position
/// embeddings. Command R+ has a layer norm of each query and key head.
enum Cohere {
  static let architecture = Architecture(
    "cohere", gguf: GGUFConversion("command-r", export: rules(["logit_scale"])), mlx: .plain
  ) {
    configuration, weights in
    let count = try configuration.integer("num_hidden_layers", 1...4096)
    return try model(
      configuration, weights, windows: Array(repeating: nil, count: count),
      rotates: Array(repeating: true, count: count))
  }

  static let cohere2 = Architecture(
    "cohere2",
    gguf: GGUFConversion(
      "cohere2",
      export: rules(["logit_scale", "attention.sliding_window", "vocab_size", "rope.dimension_count"])),
    mlx: .plain
  ) {
    configuration, weights in
    for key in ["use_parallel_block", "use_gated_activation", "use_embedding_sharing"] {
      try configuration.require(key, true)
    }
    let embedding = try configuration.optionalString("position_embedding_type") ?? "rope_gptj"
    guard embedding == "rope_gptj" else {
      throw ModelError.unsupported("the 'position_embedding_type' '\(embedding)' is not supported")
    }
    guard try configuration.number("rotary_pct", default: 1) == 1 else {
      throw ModelError.unsupported("a 'rotary_pct' other than 1 is not supported")
    }
    let count = try configuration.integer("num_hidden_layers", 1...4096)
    let period = try configuration.integer("sliding_window_pattern", 1...4096, default: 4)
    let windows = try configuration.windows(count: count, default: 4096) { ($0 + 1) % period != 0 }
    return try model(configuration, weights, windows: windows, rotates: windows.map { $0 != nil })
  }

  private static func rules(_ keys: [String]) -> GGUFExport.Rules {
    GGUFExport.Rules(
      keys: keys,
      complete: { fields, configuration in
        try fields.set(
          "context_length", from: configuration, ["model_max_length", "max_position_embeddings"])
        fields["rope.scaling.type"] = .string("none")
        guard keys.contains("attention.sliding_window") else { return }
        let period = try configuration.integer("sliding_window_pattern", 1...4096, default: 4)
        try configuration.requireWindowsForGGUF(
          default: 4096, { ($0 + 1) % 4 != 0 }, unless: { ($0 + 1) % period != 0 })
      })
  }

  private static func model(
    _ configuration: ModelConfiguration, _ weights: ModelWeights, windows: [Int?], rotates: [Bool]
  ) throws -> Decoder {
    let shape = try DecoderShape(configuration, tiedByDefault: true)
    let epsilon = try configuration.positive("layer_norm_eps", default: 1e-5)
    // Command R+ norms each head with its own weights; GGUF files do not say so.
    let normsHeads = try configuration.bool(
      "use_qk_norm", default: weights.contains("model.layers.0.self_attn.q_norm.weight"))
    var names = PreNormDecoder.Names()
    names.feedForwardNorm = nil
    let decoder = PreNormDecoder(
      tiedByDefault: true, names: names,
      normalization: .layer(epsilon: epsilon),
      isParallel: true, windows: windows,
      rotary: try configuration.rotaryTable(headSize: shape.headSize, interleaved: true), rotates: rotates,
      logitScale: Float(try configuration.number("logit_scale", default: 0.0625)),
      adjust: { attention, prefix, index in
        guard normsHeads else { return }
        let shape = shape[layer: index]
        attention.headNorms = (
          try weights.headNorm(prefix + "q_norm.weight", heads: shape.heads, shape, epsilon: epsilon),
          try weights.headNorm(prefix + "k_norm.weight", heads: shape.keyValueHeads, shape, epsilon: epsilon)
        )
      })
    return try decoder.model(configuration, weights)
  }
}
