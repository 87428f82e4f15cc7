import Compute

/// GLM-4 (zai-org/GLM-4-9B-0414): norms before and after attention and feed-forward, rotary embeddings on half of a head,
/// whose rotated pairs are adjacent, fused gate and up projections.
enum GLM4 {
  static let architecture = Architecture(
    "glm4",
    gguf: GGUFConversion(
      "glm4",
      tensors: [
        "mlp.gate_up_proj": "ffn_up", "post_self_attn_layernorm": "post_attention_norm",
        "post_mlp_layernorm": "post_ffw_norm",
      ])
  ) { configuration, weights in
    let shape = try DecoderShape(configuration)
    let rotary = try configuration.partialRotaryTable(
      headSize: shape.headSize, default: 0.5, interleaved: true)
    let activation = try configuration.activation()

    let embedding = try EmbeddingAndHead(shape, weights)
    let layers = try (0..<shape.layers).map { index in
      let prefix = "model.layers.\(index)."
      return [
        Block(
          try SelfAttention(prefix + "self_attn.", shape, rotary: rotary, weights),
          norm: try weights.norm(prefix + "input_layernorm", shape),
          normAfter: try weights.norm(prefix + "post_self_attn_layernorm", shape)),
        Block(
          try GatedFeedForward(prefix + "mlp.", shape, activation, weights),
          norm: try weights.norm(prefix + "post_attention_layernorm", shape),
          normAfter: try weights.norm(prefix + "post_mlp_layernorm", shape)),
      ]
    }
    return try Decoder(shape, embedding: embedding, layers: layers, weights)
  }
}
