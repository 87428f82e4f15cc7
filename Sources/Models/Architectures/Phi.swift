/// Phi-1, Phi-1.5 and Phi-2 (arXiv:2306.11644, 2309.05463): attention and a feed-forward block without a gate side by side
/// behind one layer norm, rotary embeddings on a part of a head, biases everywhere.
enum Phi {
  static let architecture = Architecture(
    "phi",
    gguf: GGUFConversion(
      "phi2",
      tensors: [
        "model.final_layernorm": "output_norm", "self_attn.dense": "attn_output", "mlp.fc1": "ffn_up",
        "mlp.fc2": "ffn_down",
      ], export: rules), mlx: .plain
  ) { configuration, weights in
    try configuration.require("qk_layernorm", false)
    let shape = try DecoderShape(configuration)
    var names = PreNormDecoder.Names()
    names.norm = "model.final_layernorm"
    names.projections.output = "dense"
    names.feedForwardNorm = nil
    let decoder = PreNormDecoder(
      names: names,
      normalization: .layer(epsilon: try configuration.positive("layer_norm_eps", default: 1e-5)),
      isParallel: true, rotary: try configuration.partialRotaryTable(headSize: shape.headSize, default: 0.5),
      activation: try configuration.activation(default: "gelu_new")
    ) { prefix, _, shape, activation in
      try FeedForward(prefix + "mlp.", shape, activation, weights, names: ("fc1", "fc2"))
    }
    return try decoder.model(configuration, weights)
  }

  private static let rules = GGUFExport.Rules(
    keys: ["rope.dimension_count"], rotaryShare: 0.5,
    complete: { fields, _ in
      fields.removeUsualBase()
      if fields["attention.head_count_kv"] == nil {
        fields["attention.head_count_kv"] = fields["attention.head_count"]
      }
    })
}
