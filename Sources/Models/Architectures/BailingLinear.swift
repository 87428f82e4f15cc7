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
    let period = try configuration.integer("layer_group_size", 1...4096)
    return try BailingMoE.model(configuration, weights) { prefix, index in
      // Layers after the last whole period have attention, too.
      if (index + 1) % period == 0 || index >= shape.layers / period * period { return nil }
      return try LightningAttention(
        // The first two layers decay alike.
        prefix + "attention.", index: max(0, index - 1), shape, rotary: rotary, normsHeads: normsHeads,
        groups: groups, weights)
    }
  }
}
