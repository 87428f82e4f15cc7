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
      ], export: GGUFExport.Rules(keys: ["rope.dimension_count"], rotaryShare: 0.5)), mlx: .plain
  ) { configuration, weights in
    let shape = try DecoderShape(configuration)
    var names = PreNormDecoder.Names()
    names.attentionNormAfter = "post_self_attn_layernorm"
    names.feedForwardNormAfter = "post_mlp_layernorm"
    let rotary = try configuration.partialRotaryTable(
      headSize: shape.headSize, default: 0.5, interleaved: true)
    return try PreNormDecoder(names: names, rotary: rotary).model(configuration, weights)
  }
}
