/// GPT-NeoX and Pythia (arXiv:2204.06745, 2304.01373): layer normalisation, fused projections, rotary embeddings on a
/// part of a head, a feed-forward block without a gate; in most models it runs beside the attention, each with a norm of
/// its own.
enum GPTNeoX {
  static let architecture = Architecture(
    "gpt_neox",
    gguf: GGUFConversion(
      "gptneox",
      tensors: [
        "gpt_neox.embed_in": "token_embd", "gpt_neox.final_layer_norm": "output_norm", "embed_out": "output",
        "attention.query_key_value": "attn_qkv", "attention.dense": "attn_output",
        "mlp.dense_h_to_4h": "ffn_up", "mlp.dense_4h_to_h": "ffn_down",
      ], keys: ["use_parallel_residual": "use_parallel_residual"], export: rules
    ) {
      // The converter separates queries, keys and values.
      $0["fuses_by_head"] = false
    }, mlx: mlx,
    // mlx-lm's conversions.
    prefixes: [
      "gpt_neox.layers.": ["model.h."], "gpt_neox.": ["model."], "embed_out.": ["model.embed_out."],
    ]
  ) { configuration, weights in
    let configuration = configuration.renaming(usualNames)
    let shape = try DecoderShape(configuration)
    var names = PreNormDecoder.Names()
    names.table = "gpt_neox.embed_in"
    names.head = "embed_out"
    names.norm = "gpt_neox.final_layer_norm"
    names.layers = "gpt_neox.layers."
    names.attention = "attention."
    names.projections = ("query_key_value", "dense")
    names.fusesByHead = try configuration.bool("fuses_by_head", default: true)
    let decoder = PreNormDecoder(
      names: names,
      normalization: .layer(epsilon: try configuration.positive("layer_norm_eps", default: 1e-5)),
      isParallel: try configuration.bool("use_parallel_residual", default: true),
      rotary: try configuration.partialRotaryTable(headSize: shape.headSize, default: 0.25),
      activation: try configuration.activation(default: "gelu")
    ) { prefix, _, shape, activation in
      try FeedForward(
        prefix + "mlp.", shape, activation, weights, names: ("dense_h_to_4h", "dense_4h_to_h"))
    }
    return try decoder.model(configuration, weights)
  }

  /// Buffers for the causal mask are left out.
  private static let mlx = MLXConversion(
    leavesOut: { name, _ in name.hasSuffix(".attention.bias") || name.hasSuffix(".attention.masked_bias") },
    change: { tensor, _ in
      let name = tensor.name.hasPrefix("model.") ? tensor.name : "model." + tensor.name
      return [
        tensor.named(
          name.replacing(".gpt_neox.layers.", with: ".h.").replacing(".gpt_neox.", with: "."))
      ]
    })

  private static let usualNames = ["rotary_pct": "partial_rotary_factor", "rotary_emb_base": "rope_theta"]

  private static let rules = GGUFExport.Rules(
    keys: ["rope.dimension_count"], rotaryShare: 0.25, renames: usualNames,
    change: { tensor, configuration in
      guard tensor.name.contains("attention.query_key_value.") else { return [tensor] }
      let heads = try configuration.integer("num_attention_heads", 1...65536)
      let size = tensor.shape[0] / (3 * heads)
      guard tensor.shape[0] == 3 * heads * size else {
        throw ModelError.unsupported("the tensor \(tensor.name) has the shape \(tensor.shape)")
      }
      return [try tensor.ordered(rowOrder([size, size, size], heads: heads).flatMap { Array($0) })]
    },
    complete: { fields, _ in
      fields.remove("attention.head_count_kv")
      fields.removeUsualBase()
      if fields["use_parallel_residual"] == nil { fields["use_parallel_residual"] = .bool(true) }
    })
}
