extension DeepSeek {
  /// The up-projection of latents as GGUF has it: for each head, the keys' part transposed and the values' part.
  @Sendable static func latents(
    _ tensor: ConvertedTensor, _ configuration: ModelConfiguration
  ) throws -> [ConvertedTensor] {
    let ending = "kv_b_proj.weight"
    guard tensor.name.hasSuffix(ending) else { return [tensor] }
    let heads = try configuration.integer("num_attention_heads", 1...65536)
    let keys = try configuration.integer("qk_nope_head_dim", 1...65536)
    let values = try configuration.integer("v_head_dim", 1...65536)
    guard tensor.shape.count == 2, tensor.shape[0] == heads * (keys + values) else {
      throw ModelError.unsupported("the tensor \(tensor.name) has the shape \(tensor.shape)")
    }
    let prefix = tensor.name.dropLast(ending.count)
    let apart = tensor.reshaped([heads, keys + values, tensor.shape[1]])
    return [
      try apart.rows(0..<keys, as: prefix + "embed_q.weight").transposedMatrices(),
      try apart.rows(keys..<keys + values, as: prefix + "unembed_out.weight"),
    ]
  }

  /// GGUF describes the attention to latents: one key-value head, whose keys are latents and rotated columns.
  @Sendable static func completeLatentKeys(
    _ fields: inout GGUFFields, _ configuration: ModelConfiguration
  ) throws {
    let rank = try configuration.integer("kv_lora_rank", 1...1 << 20, default: 512)
    let rotated = try configuration.integer("qk_rope_head_dim", 1...65536)
    try fields.set("attention.head_count_kv", 1)
    try fields.set("attention.kv_lora_rank", rank)
    try fields.set("attention.key_length", rank + rotated)
    try fields.set("attention.value_length", rank)
    let plain = try configuration.integer("qk_nope_head_dim", 1...65536)
    try fields.set("attention.key_length_mla", plain + rotated)
    let hasExperts = configuration.has("n_routed_experts")
    if fields["leading_dense_block_count"] == nil {
      try fields.set(
        "leading_dense_block_count", hasExperts ? 0 : configuration.integer("num_hidden_layers", 1...4096))
    }
    if fields["expert_shared_count"] == nil { try fields.set("expert_shared_count", 0) }
    if fields["expert_feed_forward_length"] == nil {
      fields["expert_feed_forward_length"] = fields["feed_forward_length"]
    }
    if fields["expert_weights_norm"] == .bool(false) { fields.remove("expert_weights_norm") }
    let settings = try configuration.object("rope_parameters") ?? configuration.object("rope_scaling")
    if let scale = try settings?.optionalNumber("mscale_all_dim") {
      fields.set("rope.scaling.yarn_log_multiplier", 0.1 * scale)
    }
  }
}
