import Compute

/// ERNIE 4.5's dense models (baidu/ERNIE-4.5-0.3B-PT): Llama's layers, whose rotated pairs are adjacent.
enum Ernie4 {
  static let architecture = Architecture(
    "ernie4_5", gguf: GGUFConversion("ernie4_5", export: GGUFExport.Rules()), mlx: .plain
  ) {
    configuration, weights in
    let shape = try DecoderShape(configuration, tiedByDefault: true)
    let rotary = try configuration.rotaryTable(headSize: shape.headSize, interleaved: true)
    return try PreNormDecoder(tiedByDefault: true, rotary: rotary).model(configuration, weights)
  }

  /// The mixtures of experts (baidu/ERNIE-4.5-21B-A3B-PT), chosen by a softmax plus a correction bias.
  static let mixture = Architecture(
    "ernie4_5_moe",
    gguf: GGUFConversion(
      "ernie4_5-moe", tensors: ["mlp.moe_statics.e_score_correction_bias": "exp_probs_b.bias"],
      keys: [
        "leading_dense_block_count": "moe_layer_start_index",
        "interleave_moe_layer_step": "moe_layer_interval",
      ], export: mixtureRules), mlx: mixtureMLX
  ) { configuration, weights in
    try configuration.require("moe_norm_gate_logits", true)
    let gate = try configuration.optionalString("moe_gate") ?? "topk"
    guard ["topk", "top2_fused"].contains(gate) else {
      throw ModelError.unsupported("the 'moe_gate' '\(gate)' is not supported")
    }
    let shape = try DecoderShape(configuration, tiedByDefault: true)
    var experts = try RoutedExperts(
      configuration, layers: shape.layers, sparse: sparseLayers(configuration, count: shape.layers),
      scoring: .softmax, normalises: true, normalisesOne: true)
    experts.routing.normalises = true
    let decoder = PreNormDecoder(
      tiedByDefault: true, rotary: try configuration.rotaryTable(headSize: shape.headSize, interleaved: true)
    ) { prefix, index, shape, activation in
      try experts.block(prefix + "mlp.", index, shape, activation, weights)
    }
    return try decoder.model(configuration, weights)
  }

  /// mlx-lm drops the correction bias: its versions choose other experts.
  private static let mixtureMLX = MLXConversion(
    leavesOut: { name, _ in
      guard !name.hasSuffix("e_score_correction_bias") else {
        throw ModelError.unsupported(
          "MLX's versions of ernie4_5_moe lack the correction bias that chooses the experts, so their answers are wrong; use --to gguf:... or the original weights"
        )
      }
      return false
    })

  private static let mixtureRules = GGUFExport.Rules(
    keys: ["expert_feed_forward_length"],
    complete: { fields, configuration in
      let experts = try configuration.expertCounts()
      try fields.set("expert_count", experts.all)
      try fields.set("expert_used_count", experts.chosen)
      for key in ["leading_dense_block_count", "interleave_moe_layer_step"] where fields[key] == nil {
        try fields.set(key, 1)
      }
      let shared = try configuration.integer("moe_num_shared_experts", 0...65536, default: 0)
      try fields.set("expert_shared_count", shared)
      if shared > 0 {
        // The converter divides the width of a dense block by the key-value heads, which is the same in the public models.
        try fields.set(
          "expert_shared_feed_forward_length",
          shared * configuration.integer("moe_intermediate_size", 1...1 << 24))
      }
      let count = try configuration.integer("num_hidden_layers", 1...4096)
      let last = try configuration.integer("moe_layer_end_index", -1...4096, default: -1)
      try configuration.requireForGGUF("moe_layer_end_index", last < 0 || last >= count - 1)
    })

  /// Every `moe_layer_interval`-th layer from `moe_layer_start_index` to `moe_layer_end_index` (-1 for the last one).
  private static func sparseLayers(_ configuration: ModelConfiguration, count: Int) throws -> [Bool] {
    let first = try configuration.integer("moe_layer_start_index", 0...4096, default: 1)
    let last = try configuration.integer("moe_layer_end_index", -1...4096, default: -1)
    let step = try configuration.integer("moe_layer_interval", 1...4096, default: 1)
    return (0..<count).map {
      ($0 + 1) % step == 0 && $0 >= first && (last < 0 || $0 <= last)
    }
  }
}
