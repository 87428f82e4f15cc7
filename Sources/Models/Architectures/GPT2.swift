/// GPT-2 (openai-community/gpt2): learnt embeddings of positions, layer normalisation, fused projections, biases, a
/// feed-forward block without a gate.
enum GPT2 {
  static let architecture = Architecture(
    "gpt2",
    gguf: GGUFConversion(
      "gpt2",
      tensors: [
        "attn.c_attn": "attn_qkv", "attn.c_proj": "attn_output", "ln_1": "attn_norm", "ln_2": "ffn_norm",
        "mlp.c_fc": "ffn_up", "mlp.c_proj": "ffn_down", "model.ln_f": "output_norm",
        "model.wpe": "position_embd",
        "model.wte": "token_embd",
      ], export: rules), mlx: mlx,
    // Some conversions keep the name of the language model's body.
    prefixes: ["model.": ["", "transformer."]]
  ) { configuration, weights in
    try configuration.require("scale_attn_weights", true)
    for key in ["scale_attn_by_inverse_layer_idx", "add_cross_attention"] {
      try configuration.require(key, false)
    }
    let configuration = configuration.renaming(usualNames)
    let shape = try DecoderShape(configuration, tiedByDefault: true)
    let weights = try inputsLast(weights, shape)
    var names = PreNormDecoder.Names()
    names.table = "model.wte"
    names.norm = "model.ln_f"
    names.layers = "model.h."
    names.attention = "attn."
    names.projections = ("c_attn", "c_proj")
    names.attentionNorm = "ln_1"
    names.feedForwardNorm = "ln_2"
    let decoder = PreNormDecoder(
      tiedByDefault: true, names: names,
      normalization: .layer(
        epsilon: try configuration.positive(
          configuration.present("layer_norm_epsilon", "layer_norm_eps"), default: 1e-5)),
      positions: "model.wpe", rotates: Array(repeating: false, count: shape.layers),
      activation: try configuration.activation(default: "gelu_new")
    ) { prefix, _, shape, activation in
      try FeedForward(prefix + "mlp.", shape, activation, weights, names: ("c_fc", "c_proj"))
    }
    return try decoder.model(configuration, weights)
  }

  private static let usualNames = [
    "n_embd": "hidden_size", "n_layer": "num_hidden_layers", "n_head": "num_attention_heads",
    "n_inner": "intermediate_size", "n_positions": "max_position_embeddings",
    "activation_function": "hidden_act",
  ]

  /// mlx-lm has the columns of a matrix for its inputs, and no head apart from the embedding.
  private static let mlx = MLXConversion(
    leavesOut: { name, configuration in
      guard try configuration.bool("tie_word_embeddings", default: true) else {
        throw ModelError.unsupported("'tie_word_embeddings' false is not supported in MLX's versions of gpt2")
      }
      // Buffers for the causal mask, and a copy of the embedding.
      return name.hasSuffix(".attn.bias") || name.hasSuffix(".attn.masked_bias") || name == "lm_head.weight"
    },
    change: { tensor, _ in
      // A conversion already.
      guard !tensor.name.hasPrefix("model.") else { return [tensor] }
      let body = "transformer."
      let name = tensor.name.hasPrefix(body) ? String(tensor.name.dropFirst(body.count)) : tensor.name
      let isMatrix = name.contains(".c_") && name.hasSuffix(".weight")
      return [(isMatrix ? try tensor.transposed() : tensor).named("model." + name)]
    })

  private static let rules = GGUFExport.Rules(
    renames: usualNames, isTied: true,
    change: { tensor, _ in
      guard tensor.name.contains(".c_"), tensor.name.hasSuffix(".weight") else { return [tensor] }
      let isFromMLX =
        tensor.name.hasSuffix("c_attn.weight") && tensor.shape.count == 2 && tensor.shape[0] > tensor.shape[1]
      guard !isFromMLX else {
        throw ModelError.unsupported("MLX's version of gpt2 cannot be converted; use the original weights")
      }
      return [try tensor.transposed()]
    },
    complete: { fields, configuration in
      fields.remove("attention.head_count_kv", "rope.freq_base")
      guard fields["feed_forward_length"] == nil else { return }
      try fields.set("feed_forward_length", 4 * configuration.integer("hidden_size", 1...1 << 20))
    })

  /// The weights with matrices of [outputs, inputs]. OpenAI's are the other way around and are transposed into a copy;
  /// mlx-lm's conversions are not.
  private static func inputsLast(_ weights: ModelWeights, _ shape: DecoderShape) throws -> ModelWeights {
    let extents = [3 * shape.hidden, shape.hidden]
    let first = try weights.source.storedWeight("model.h.0.attn.c_attn.weight", shape: extents)
    guard first.shape != extents else { return weights }
    let source = TransposedWeights(source: weights.source) { $0.contains(".c_") && $0.hasSuffix(".weight") }
    return ModelWeights(source, for: weights)
  }
}
