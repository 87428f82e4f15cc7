import Compute

/// StableLM (stabilityai/stablelm-2-1_6b): layer normalisation, rotary embeddings on a quarter of a head; in some models
/// layer normalisation of each query and key head, and attention and feed-forward side by side.
enum StableLM {
  static let architecture = Architecture(
    "stablelm",
    gguf: GGUFConversion(
      "stablelm",
      tensors: [
        "self_attn.q_layernorm.norms": "attn_q_norm", "self_attn.k_layernorm.norms": "attn_k_norm",
      ], keys: ["use_parallel_residual": "use_parallel_residual"], export: rules),
    mlx: .plain
  ) { configuration, weights in
    let shape = try DecoderShape(configuration)
    let epsilon = try configuration.positive("layer_norm_eps", default: 1e-5)
    // GGUF files have the norms of all heads in one tensor, and do not say that there are any.
    let areJoined = weights.contains("model.layers.0.self_attn.q_norm.weight")
    let normsHeads = try areJoined || configuration.bool("qk_layernorm", default: false)
    var names = PreNormDecoder.Names()
    let isParallel = try configuration.bool("use_parallel_residual", default: false)
    if isParallel { names.feedForwardNorm = nil }
    let decoder = PreNormDecoder(
      names: names, normalization: .layer(epsilon: epsilon), isParallel: isParallel,
      rotary: try configuration.partialRotaryTable(headSize: shape.headSize, default: 0.25),
      adjust: { attention, prefix, index in
        guard normsHeads else { return }
        let shape = shape[layer: index]
        if areJoined {
          attention.headNorms = (
            try weights.headNorm(prefix + "q_norm.weight", heads: shape.heads, shape, epsilon: epsilon),
            try weights.headNorm(
              prefix + "k_norm.weight", heads: shape.keyValueHeads, shape, epsilon: epsilon)
          )
          return
        }
        func norm(_ name: String, heads: Int) throws -> LayerNorm {
          let names = (0..<heads).map { "\(prefix)\(name).norms.\($0).weight" }
          return LayerNorm(
            weight: try weights.concatenated(names, size: shape.headSize), bias: nil,
            epsilon: Float(epsilon), groupSize: shape.headSize)
        }
        attention.headNorms = (
          try norm("q_layernorm", heads: shape.heads), try norm("k_layernorm", heads: shape.keyValueHeads)
        )
      })
    return try decoder.model(configuration, weights)
  }

  private static let rules = GGUFExport.Rules(
    keys: ["rope.dimension_count"], rotaryShare: 0.25, lists: ["q_layernorm.norms", "k_layernorm.norms"],
    complete: { fields, _ in
      fields.removeUsualBase()
      if fields["use_parallel_residual"] == nil { fields["use_parallel_residual"] = .bool(false) }
    })
}
