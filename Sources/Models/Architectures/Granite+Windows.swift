extension Granite {
  /// How GGUF files store Granite with sliding windows. The gate's rows precede those of the up projection in one tensor.
  static let windowedGGUF = GGUFConversion(
    "granite_swa",
    tensors: [
      "self_attn.sinks": "attn_sinks.weight", "block_sparse_moe.router": "ffn_gate_inp",
      "block_sparse_moe.router.layer": "ffn_gate_inp", "block_sparse_moe.input_linear": "ffn_gate_up_exps",
      "block_sparse_moe.output_linear": "ffn_down_exps",
      // Names without an ending.
      "block_sparse_moe.experts.gate_up_proj": "ffn_gate_up_exps.weight",
      "block_sparse_moe.experts.down_proj": "ffn_down_exps.weight",
      "shared_mlp.input_linear": "ffn_up_shexp", "shared_mlp.output_linear": "ffn_down_shexp",
    ], keys: ggufKeys.merging(["attention.rope_pattern": "rope_pattern"]) { $1 }, export: windowedRules,
    configure: { object in
      GGUFConversion.interleavedRotary(&object)
      if let flags = object["rope_pattern"]?.asArray {
        let base = object["rope_theta"] ?? .integer(10000)
        object["layer_rope_theta"] = .array(flags.map { $0 == .bool(true) ? base : .integer(0) })
      }
    })

  private static let windowedRules: GGUFExport.Rules = {
    var rules = GGUFExport.Rules.llama
    rules.complete = { fields, configuration in
      try Granite.rules.complete(&fields, configuration)
      if fields["attention.scale"] == nil { fields.set("attention.scale", 1.0) }
      if fields["logit_scale"] == nil { fields.set("logit_scale", 1.0) }
      let count = try configuration.integer("num_hidden_layers", 1...4096)
      guard let types = try configuration.layerTypes(count: count) else {
        throw ModelError.missingKey("layer_types")
      }
      let slides = types.map { $0 == "sliding_attention" }
      guard configuration.has("sliding_window") || !slides.contains(true) else {
        throw ModelError.missingKey("sliding_window")
      }
      try fields.set(
        "attention.sliding_window", configuration.integer("sliding_window", 1...1 << 30, default: 128))
      fields["attention.sliding_window_pattern"] = .bools(slides)
      try setBases(&fields, configuration, count: count)
    }
    return rules
  }()

  /// GGUF has one base for all layers, and says which of them have position embeddings. The converter looks for that under
  /// another key than transformers has.
  private static func setBases(
    _ fields: inout GGUFFields, _ configuration: ModelConfiguration, count: Int
  ) throws {
    guard let bases = try configuration.numbers("layer_rope_theta") else { return }
    guard bases.count == count else {
      throw ModelError.wrongValue(
        key: "layer_rope_theta", expected: "a rope base or 0 for each of \(count) layers")
    }
    let used = Set(bases.filter { $0 != 0 })
    try configuration.requireForGGUF("layer_rope_theta", used.count < 2)
    if let base = used.first { fields.set("rope.freq_base", base) }
    if bases.contains(0) { fields["attention.rope_pattern"] = .bools(bases.map { $0 != 0 }) }
  }
}
