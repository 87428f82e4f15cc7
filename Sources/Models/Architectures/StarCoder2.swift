/// StarCoder2 (arXiv:2402.19173): layer normalisation, biases, a feed-forward block without a gate, and a sliding window
/// in some models.
enum StarCoder2 {
  static let architecture = Architecture(
    "starcoder2",
    gguf: GGUFConversion(
      "starcoder2", tensors: ["mlp.c_fc": "ffn_up", "mlp.c_proj": "ffn_down"],
      export: GGUFExport.Rules()), mlx: .plain
  ) { configuration, weights in
    for (key, expected) in [("norm_type", "layer_norm"), ("mlp_type", "default")] {
      let value = try configuration.optionalString(key) ?? expected
      guard value == expected else {
        throw ModelError.unsupported("the '\(key)' '\(value)' is not supported")
      }
    }
    let count = try configuration.integer("num_hidden_layers", 1...4096)
    let decoder = PreNormDecoder(
      tiedByDefault: true,
      normalization: .layer(
        epsilon: try configuration.positive(
          configuration.present("norm_epsilon", "layer_norm_eps"), default: 1e-5)),
      windows: try configuration.windows(count: count) { _ in true },
      activation: try configuration.activation(default: "gelu_pytorch_tanh")
    ) { prefix, _, shape, activation in
      try FeedForward(prefix + "mlp.", shape, activation, weights, names: ("c_fc", "c_proj"))
    }
    return try decoder.model(configuration, weights)
  }
}
