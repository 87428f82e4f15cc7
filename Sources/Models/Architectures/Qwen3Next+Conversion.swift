import Checkpoints

extension Qwen3Next {
  /// How GGUF files store the weights: of Qwen3-Next the rows of each key head's queries, keys, values and gates are put
  /// together with those of the other heads, of Qwen3.5 the value heads of one key head are put apart.
  static func rules(tiled: Bool, isMixture: Bool) -> GGUFExport.Rules {
    var rules = GGUFExport.Rules.experts
    rules.keys.append("rope.dimension_count")
    rules.rotaryShare = 0.25
    rules.addsOne = { $0.hasSuffix("norm.weight") && !$0.hasSuffix("linear_attn.norm.weight") }
    rules.change = {
      if $0.name.hasSuffix(".conv1d.weight"), $0.shape.count == 3, $0.shape[2] == 1 {
        throw ModelError.unsupported(
          "MLX's version of this model cannot be converted; use the original weights")
      }
      return try tiled ? [Self.tiled($0, $1)] : apart($0, $1)
    }
    rules.complete = { fields, configuration in
      if isMixture { try GGUFExport.Rules.requireExperts(configuration) }
      let heads = try configuration.integer("linear_num_value_heads", 1...65536)
      try fields.set("ssm.inner_size", configuration.integer("linear_value_head_dim", 1...65536) * heads)
      let count = try configuration.integer("num_hidden_layers", 1...4096)
      let attends = try attentionLayers(configuration, count: count)
      fields["attention.recurrent_layers"] = .bools(attends.map { !$0 })
      if fields["full_attention_interval"] == nil { try fields.set("full_attention_interval", 4) }
      guard tiled else { return }
      let sections = try configuration.object("rope_parameters")?.integers("mrope_section", 0...65536)
      fields["rope.dimension_sections"] = .integers(
        ((sections ?? [11, 11, 10]) + [0, 0, 0, 0]).prefix(4).map { Int32($0) })
    }
    return rules
  }

  /// With the value heads in the order in which key heads are repeated: the first of every key head, then the second ...
  private static func tiled(
    _ tensor: ConvertedTensor, _ configuration: ModelConfiguration
  ) throws -> ConvertedTensor {
    let keyHeads = try configuration.integer("linear_num_key_heads", 1...65536)
    let heads = try configuration.integer("linear_num_value_heads", 1...65536)
    guard keyHeads != heads, tensor.name.contains(".linear_attn.") else { return tensor }
    let size = try configuration.integer("linear_value_head_dim", 1...65536)
    let keys = try 2 * keyHeads * configuration.integer("linear_key_head_dim", 1...65536)
    let order = (0..<heads).map { $0 % keyHeads * (heads / keyHeads) + $0 / keyHeads }
    guard heads % keyHeads == 0 else {
      throw ModelError.wrongValue(
        key: "linear_num_value_heads", expected: "a multiple of linear_num_key_heads")
    }
    let columns = order.flatMap { head in (0..<size).map { head * size + $0 } }
    let parts = tensor.name.split(separator: ".")
    switch parts.last == "weight" || parts.last == "bias" ? parts.dropLast().last : parts.last {
    case "in_proj_qkv"?, "conv1d"?:
      let rows = tensor.shape.count == 3 ? tensor.flattenedMatrices() : tensor
      return try rows.ordered(Array(0..<keys) + columns.map { keys + $0 })
    case "in_proj_z"?: return try tensor.ordered(columns)
    case "in_proj_a"?, "in_proj_b"?, "A_log"?, "dt_bias"?: return try tensor.ordered(order)
    case "out_proj"?: return try tensor.orderedColumns(columns)
    default: return tensor
    }
  }

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

  /// The same of Qwen3.5, whose experts are fused. mlx-lm knows by the convolutions whether it has converted a checkpoint.
  static func mlx35(isMixture: Bool) -> MLXConversion {
    var conversion = mlx
    if !isMixture { conversion.eightBits = [] }
    conversion.keepsType = ["A_log"]
    conversion.omits.append("mtp.")
    conversion.divides = [
      "experts.gate_up_proj": ["switch_mlp.gate_proj", "switch_mlp.up_proj"],
      "experts.down_proj": ["switch_mlp.down_proj"],
    ]
    conversion.isOnlyPart = true
    conversion.part = {
      if $0.hasPrefix("vision_tower") || $0.hasPrefix("model.visual") { return nil }
      return MLXConversion.languageModel($0) ?? "language_model." + $0
    }
    conversion.isConverted = { checkpoint in
      checkpoint.names.contains {
        $0.hasSuffix(".conv1d.weight") && checkpoint.shape($0).map { $0.count == 3 && $0[2] == 1 } ?? false
      }
    }
    return conversion
  }
}
