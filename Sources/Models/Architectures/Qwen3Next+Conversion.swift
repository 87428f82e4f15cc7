import Checkpoints

extension Qwen3Next {
  /// How GGUF files store Qwen3-Next: the rows of each key head's queries, keys, values and gates are put together with
  /// those of the other heads.
  static let rules: GGUFExport.Rules = {
    var rules = GGUFExport.Rules.experts
    rules.keys.append("rope.dimension_count")
    rules.rotaryShare = 0.25
    rules.addsOne = { $0.hasSuffix("norm.weight") && !$0.hasSuffix("linear_attn.norm.weight") }
    rules.change = { try apart($0, $1) }
    rules.complete = { fields, configuration in
      try GGUFExport.Rules.requireExperts(configuration)
      let heads = try configuration.integer("linear_num_value_heads", 1...65536)
      try fields.set("ssm.inner_size", configuration.integer("linear_value_head_dim", 1...65536) * heads)
      let count = try configuration.integer("num_hidden_layers", 1...4096)
      let attends = try attentionLayers(configuration, count: count)
      fields["attention.recurrent_layers"] = .bools(attends.map { !$0 })
      if fields["full_attention_interval"] == nil { try fields.set("full_attention_interval", 4) }
    }
    return rules
  }()

  private static func apart(
    _ tensor: ConvertedTensor, _ configuration: ModelConfiguration
  ) throws -> [ConvertedTensor] {
    let ending = "linear_attn.in_proj_qkvz.weight"
    guard tensor.name.hasSuffix(ending) else { return [tensor] }
    let heads = try configuration.integer("linear_num_key_heads", 1...65536)
    let all = try configuration.integer("linear_num_value_heads", 1...65536)
    let keys = try configuration.integer("linear_key_head_dim", 1...65536)
    let values = try configuration.integer("linear_value_head_dim", 1...65536) * (all / heads)
    guard all % heads == 0, tensor.shape[0] == heads * 2 * (keys + values) else {
      throw ModelError.unsupported("the tensor \(tensor.name) has the shape \(tensor.shape)")
    }
    let order = rowOrder([keys, keys, values, values], heads: heads).flatMap { Array($0) }
    let gates = heads * values
    let prefix = tensor.name.dropLast(ending.count) + "linear_attn."
    return [
      try tensor.ordered(Array(order.dropLast(gates)), as: prefix + "in_proj_qkv.weight"),
      try tensor.ordered(Array(order.suffix(gates)), as: prefix + "in_proj_z.weight"),
    ]
  }
}

extension Qwen3Next {
  /// mlx-lm adds 1 to the norms' weights, as GGUF files have them.
  static let mlx = MLXConversion(
    eightBits: ["mlp.gate", "shared_expert_gate"],
    change: { tensor, _ in
      let names = ["input_layernorm", "post_attention_layernorm", "model.norm", "q_norm", "k_norm"]
      let isNorm = names.contains { tensor.name.hasSuffix($0 + ".weight") }
      return [isNorm ? tensor.changed { try $0.plusOne() } : tensor]
    })
}
