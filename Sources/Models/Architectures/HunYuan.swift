import Foundation

/// HunYuan's dense models (tencent/Hunyuan-7B-Instruct): Llama's layers with a norm of each query and key head after the
/// rotation, and a rope base that a fixed `alpha` stretches.
enum HunYuan {
  static let dense = Architecture(
    "hunyuan_v1_dense",
    gguf: GGUFConversion(
      "hunyuan-dense",
      tensors: ["self_attn.query_layernorm": "attn_q_norm", "self_attn.key_layernorm": "attn_k_norm"],
      export: rules),
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

  /// The base of "dynamic" embeddings has their scaling, for 256 Ki positions.
  private static let rules = GGUFExport.Rules(complete: { fields, configuration in
    fields.remove("expert_count", "expert_used_count")
    guard let settings = try configuration.object("rope_parameters") ?? configuration.object("rope_scaling"),
      try (settings.optionalString("rope_type") ?? settings.optionalString("type")) == "dynamic"
    else { return }
    let size = Double(try configuration.integer("head_dim", 4...65536))
    let base = try configuration.optionalNumber("rope_theta") ?? settings.number("rope_theta", default: 10000)
    fields.set("rope.freq_base", base * pow(try settings.number("alpha", default: 50), size / (size - 2)))
    fields["rope.scaling.type"] = .string("none")
    fields.set("rope.scaling.factor", 1.0)
    try fields.set("rope.scaling.original_context_length", 256 << 10)
    try fields.set("context_length", 256 << 10)
  })
}
