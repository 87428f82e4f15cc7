import Compute

/// MiniMax-Text-01 (arXiv:2501.08313): lightning attention in most layers, attention in the others, and a mixture of
/// experts; the residual of a block is its normed input, with factors on both.
enum MiniMax {
  static let architecture = Architecture("minimax", "minimax_text_01") { configuration, weights in
    let shape = try DecoderShape(configuration, epsilon: ("rms_norm_eps", 1e-5))
    let types = try layerTypes(configuration, count: shape.layers)
    let experts = try configuration.expertCounts()
    let rotary = try configuration.partialRotaryTable(headSize: shape.headSize)
    let activation = try configuration.activation()
    guard !configuration.has("sliding_window") else {
      throw ModelError.unsupported("'sliding_window' is not supported by this architecture")
    }
    for key in ["shared_intermediate_size"] where try configuration.integer(key, 0...1 << 24, default: 0) > 0
    {
      throw ModelError.unsupported("'\(key)' is not supported by this architecture")
    }
    try configuration.require("postnorm", true)
    func factors(_ name: String, _ long: String) throws -> (residual: Float, output: Float) {
      // The original checkpoints have long names.
      let keys = (
        configuration.present("\(name)_alpha_factor", "layernorm_\(long)_alpha"),
        configuration.present("\(name)_beta_factor", "layernorm_\(long)_beta")
      )
      return (
        Float(try configuration.number(keys.0, default: 1)),
        Float(try configuration.number(keys.1, default: 1))
      )
    }
    let full = try factors("full_attn", "full_attention")
    let linear = try factors("linear_attn", "linear_attention")
    let mlp = try factors("mlp", "mlp")
    let routing = RoutingSettings(count: experts.chosen, scoring: .softmaxOverChosen)

    let embedding = try EmbeddingAndHead(shape, weights)
    let layers = try (0..<shape.layers).map { index in
      let prefix = "model.layers.\(index)."
      let isLinear = types[index]
      let mixer: any BlockBody =
        isLinear
        ? try LightningAttention(miniMax: prefix + "self_attn.", index: index, shape, activation, weights)
        : try SelfAttention(prefix + "self_attn.", shape, rotary: rotary, weights)
      let mixture = try ExpertMixture(
        prefix + "block_sparse_moe.", routing, experts: experts.all, inner: shape.intermediate, shape,
        activation, weights)
      let own = isLinear ? linear : full
      var attention = Block(
        mixer, norm: try weights.norm(prefix + "input_layernorm", shape), scale: own.output)
      attention.normedResidual = own.residual
      var feedForward = Block(
        mixture, norm: try weights.norm(prefix + "post_attention_layernorm", shape), scale: mlp.output)
      feedForward.normedResidual = mlp.residual
      return [attention, feedForward]
    }
    return try Decoder(shape, embedding: embedding, layers: layers, weights)
  }

  /// Which layers have lightning attention, from `layer_types` or `attn_type_list` (0 for lightning attention).
  private static func layerTypes(_ configuration: ModelConfiguration, count: Int) throws -> [Bool] {
    if let list = try configuration.integers("attn_type_list", 0...1) {
      guard list.count == count else {
        throw ModelError.wrongValue(key: "attn_type_list", expected: "0 or 1 for each of \(count) layers")
      }
      return list.map { $0 == 0 }
    }
    guard let types = try configuration.layerTypes(count: count) else {
      // transformers' default.
      return (0..<count).map { $0 % 2 == 1 }
    }
    guard types.allSatisfy({ ["full_attention", "linear_attention"].contains($0) }) else {
      throw ModelError.wrongValue(
        key: "layer_types", expected: "full_attention or linear_attention for each of \(count) layers")
    }
    return types.map { $0 == "linear_attention" }
  }
}
