/// HunYuan's dense models (tencent/Hunyuan-7B-Instruct): Llama's layers with a norm of each query and key head after the
/// rotation, and a rope base that a fixed `alpha` stretches.
enum HunYuan {
  static let dense = Architecture(
    "hunyuan_v1_dense",
    gguf: GGUFConversion(
      "hunyuan-dense",
      tensors: ["self_attn.query_layernorm": "attn_q_norm", "self_attn.key_layernorm": "attn_k_norm"]),
    mlx: .plain
  ) { configuration, weights in
    // Layers that read the keys and values of others.
    try configuration.require("use_cla", false)
    var names = PreNormDecoder.Names()
    names.headNorms = ("query_layernorm", "key_layernorm")
    let norms = try configuration.bool("use_qk_norm", default: true)
    let decoder = PreNormDecoder(
      names: names, headNorms: norms ? .perHead : .none,
      adjust: { attention, _, _ in attention.normsRotated = true })
    return try decoder.model(configuration, weights)
  }
}
