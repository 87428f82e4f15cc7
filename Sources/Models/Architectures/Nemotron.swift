import Compute

/// Nemotron and Minitron (arXiv:2402.16819, 2407.14679): layer normalisation, rotary embeddings on a part of a head, and
/// a feed-forward block without a gate, with the activation max(x, 0)².
enum Nemotron {
  static let architecture = Architecture(
    "nemotron",
    // The converter adds 1 to the norms' weights.
    gguf: GGUFConversion("nemotron", export: rules, configure: GGUFConversion.normsIncludeOne), mlx: .plain
  ) { configuration, weights in
    let shape = try DecoderShape(configuration)
    let decoder = PreNormDecoder(
      normalization: .layer(
        epsilon: try configuration.positive(
          configuration.present("norm_eps", "layer_norm_eps"), default: 1e-5),
        addsOne: try configuration.normOffset() == 1),
      rotary: try configuration.partialRotaryTable(headSize: shape.headSize, default: 0.5),
      activation: try configuration.activation(default: "relu2")
    ) { prefix, _, shape, activation in
      try FeedForward(prefix + "mlp.", shape, activation, weights)
    }
    return try decoder.model(configuration, weights)
  }

  private static let rules = GGUFExport.Rules(
    keys: ["vocab_size", "rope.dimension_count"], rotaryShare: 0.5, addsOne: { $0.hasSuffix("norm.weight") },
    complete: { fields, configuration in
      let key = configuration.present("norm_eps", "layer_norm_eps")
      fields.set("attention.layer_norm_epsilon", try configuration.number(key, default: 1e-5))
      if fields["rope.scaling.type"] == nil { fields["rope.scaling.type"] = .string("none") }
    })
}
