extension PLaMo2 {
  /// How a GGUF file stores the model: the norms with their offsets.
  ///
  /// Three values differ from the converter's. llama.cpp attends to all positions, so that the context ends with the
  /// window; it takes the size of the rotary embedding from the first layer's number of heads, so that there is one number
  /// for all layers; and the base of the embedding is 10000 whatever the configuration says, as in the model's own code.
  static let rules = GGUFExport.Rules(
    keys: ["vocab_size"], renames: ["hidden_size_per_head": "head_dim"], isTied: true,
    change: { tensor, _ in
      guard let offset = offsets.first(where: { tensor.name.hasSuffix($0.name) })?.offset else {
        return [tensor]
      }
      return [tensor.changed { try $0.plus(offset) }]
    },
    complete: { fields, configuration in
      let count = try configuration.integer("num_hidden_layers", 1...4096)
      let attends = try attentionLayers(configuration, count: count)
      let full = try configuration.integers("full_attention_idx", 0...4096) ?? []
      let context = try configuration.integer("max_position_embeddings", 1...1 << 31 - 1, default: 2048)
      let window = try configuration.integer("attention_window_size", 1...1 << 40, default: 2048)
      let hasWindow = attends.indices.contains { attends[$0] && !full.contains($0) }
      try fields.set("context_length", hasWindow ? min(context, window) : context)
      try fields.set(
        "attention.head_count", configuration.integer("num_attention_heads", 1...65536, default: 32))
      let heads = try configuration.integer("num_key_value_heads", 1...65536, default: 4)
      fields["attention.head_count_kv"] = .integers(attends.map { $0 ? Int32(heads) : 0 })
      let size = try configuration.integer("head_dim", 1...65536, default: 128)
      try fields.set("attention.key_length", size)
      try fields.set("attention.value_length", size)
      fields.set("rope.freq_base", 10000.0)
      for (key, name, fallback) in [
        ("ssm.state_size", "mamba_d_state", 64), ("ssm.conv_kernel", "mamba_d_conv", 4),
        ("ssm.time_step_rank", "mamba_num_heads", 64),
      ] { try fields.set(key, configuration.integer(name, 1...65536, default: fallback)) }
      let mixers = try configuration.integer("mamba_num_heads", 1...65536, default: 64)
      try fields.set("ssm.inner_size", mixers * size)
      try fields.set("ssm.group_count", 0)
    })

  /// What is added to the weights of norms.
  private static let offsets: [(name: String, offset: Float)] = [
    ("model.norm.weight", 1), ("pre_mixer_norm.weight", 1), ("post_mixer_norm.weight", 0.2),
    ("pre_mlp_norm.weight", 1), ("post_mlp_norm.weight", 0.089_442_719),
  ]
}
