import Compute

/// Ling and Ring with linear attention (inclusionAI/Ring-mini-linear-2.0): Ling's layers, in most of which lightning
/// attention takes the place of attention.
enum BailingLinear {
  static let architecture = Architecture("bailing_moe_linear") { configuration, weights in
    try configuration.require("linear_silu", false)
    let shape = try DecoderShape(configuration)
    let rotary = try configuration.partialRotaryTable(headSize: shape.headSize)
    let normsHeads = try configuration.bool("use_qk_norm", default: false)
    let groups = try configuration.integer("group_norm_size", 1...65536, default: 1)
    let attends = try BailingMoE.attends(configuration, layers: shape.layers)
    return try BailingMoE.model(configuration, weights) { prefix, index in
      if attends(index) { return nil }
      return try LightningAttention(
        // The first two layers decay alike.
        prefix + "attention.", index: max(0, index - 1), shape, rotary: rotary, normsHeads: normsHeads,
        groups: groups, weights)
    }
  }
}
