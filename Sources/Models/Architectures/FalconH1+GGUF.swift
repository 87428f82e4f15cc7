import Checkpoints

extension FalconH1 {
  /// The weights of GGUF files have all factors.
  static let rules = GGUFExport.Rules(
    keys: ["vocab_size"],
    change: { tensor, configuration in
      let groups = try configuration.integer("mamba_n_groups", 1...65536, default: 1)
      var tensor = tensor.stateSpace(groups: groups)
      for factors in try factors(of: tensor, configuration) { tensor = tensor.scaled(by: factors) }
      return [tensor]
    },
    complete: { fields, configuration in
      fields.remove("rope.scaling.type", "rope.scaling.factor")
      let gatesLast = try configuration.bool("mamba_norm_before_gate", default: true)
      let normalises = try configuration.bool("mamba_rms_norm", default: false)
      try configuration.requireForGGUF("mamba_norm_before_gate", !normalises || !gatesLast)
      // A tied head has the embedding's factor.
      let isTied = try configuration.bool("tie_word_embeddings", default: false)
      let factors = try ["lm_head_multiplier", "embedding_multiplier"].map {
        try configuration.number($0, default: 1)
      }
      try configuration.requireForGGUF("lm_head_multiplier", !isTied || factors[0] == factors[1])
      if fields["ssm.group_count"] == nil { try fields.set("ssm.group_count", 1) }
    })

  /// The factors on a tensor, in the order in which llama.cpp's converter multiplies by them.
  private static func factors(
    of tensor: ConvertedTensor, _ configuration: ModelConfiguration
  ) throws -> [[Float]] {
    func factor(_ key: String, _ index: Int? = nil) throws -> Float {
      guard let index else { return Float(try configuration.number(key, default: 1)) }
      guard let list = try configuration.numbers(key) else { return 1 }
      guard list.indices.contains(index) else {
        throw ModelError.wrongValue(key: key, expected: "more numbers")
      }
      return Float(list[index])
    }
    func has(_ part: String) -> Bool { tensor.name.contains(part) }
    if has("down_proj") { return [[try factor("mlp_multipliers", 1)]] }
    if has("gate_proj") { return [[try factor("mlp_multipliers", 0)]] }
    if has("k_proj") { return [[try factor("key_multiplier")], [try factor("attention_in_multiplier")]] }
    if has("q_proj") || has("v_proj") { return [[try factor("attention_in_multiplier")]] }
    if has("o_proj") { return [[try factor("attention_out_multiplier")]] }
    if has("out_proj") { return [[try factor("ssm_out_multiplier")]] }
    if has("lm_head") { return [[try factor("lm_head_multiplier")]] }
    if has("embed_tokens") { return [[try factor("embedding_multiplier")]] }
    guard has("in_proj") else { return [] }
    let rows = try mixerRows(tensor, configuration).enumerated().flatMap { part, size in
      Array(repeating: try factor("ssm_multipliers", part), count: size)
    }
    return [[try factor("ssm_in_multiplier")], rows]
  }

  /// The rows of a mixer's projection: of the gate, the inputs, B, C and the steps, whose factors differ.
  static func mixerRows(_ tensor: ConvertedTensor, _ configuration: ModelConfiguration) throws -> [Int] {
    guard tensor.shape.count == 2 else {
      throw ModelError.unsupported("the tensor \(tensor.name) has the shape \(tensor.shape)")
    }
    let inner = try configuration.integer("mamba_d_ssm", 1...1 << 24)
    let states =
      try configuration.integer("mamba_n_groups", 1...65536, default: 1)
      * configuration.integer("mamba_d_state", 1...65536)
    let sizes = [inner, inner, states, states]
    let rest = tensor.shape[0] - sizes.reduce(0, +)
    guard rest > 0 else {
      throw ModelError.unsupported("the tensor \(tensor.name) has the shape \(tensor.shape)")
    }
    return sizes + [rest]
  }
}
