import Compute

/// OLMo Hybrid (allenai/Olmo-Hybrid-7B): pre-norm layers of a gated delta net whose states may change their sign and, every
/// fourth, OLMo 2's layers of attention, whose outputs are normed instead of their inputs, without position embeddings
/// unless the configuration has a rope base.
enum OLMoHybrid {
  static let architecture = Architecture("olmo_hybrid") { configuration, weights in
    let shape = try DecoderShape(configuration)
    guard let types = try configuration.layerTypes(count: shape.layers) else {
      throw ModelError.missingKey("layer_types")
    }
    guard types.allSatisfy({ ["full_attention", "linear_attention"].contains($0) }) else {
      throw ModelError.wrongValue(
        key: "layer_types", expected: "full_attention or linear_attention for each of \(shape.layers) layers")
    }
    try configuration.require("linear_use_gate", true)
    let activation = try configuration.activation()
    // transformers applies it to the convolutions and gates of the delta nets too, mlx-lm nowhere.
    try configuration.requireSiLU()
    // A base that is null is that of no position embeddings; one that is missing has the usual value.
    let parameters = try configuration.object("rope_parameters") ?? configuration
    let rotates = configuration.has("rope_theta") || parameters.json["rope_theta"]?.isNull != true
    let rotary = rotates ? try configuration.rotaryTable(headSize: shape.headSize) : nil

    let embedding = try EmbeddingAndHead(shape, weights)
    let layers = try (0..<shape.layers).map { index in
      let prefix = "model.layers.\(index)."
      func norm(_ name: String) throws -> RMSNorm { try weights.norm(prefix + name, shape) }
      let feedForward = try GatedFeedForward(prefix + "mlp.", shape, activation, weights)
      guard types[index] == "full_attention" else {
        let delta = try GatedDeltaNet(separate: prefix + "linear_attn.", configuration, shape, weights)
        return [
          Block(delta, norm: try norm("input_layernorm")),
          Block(feedForward, norm: try norm("post_attention_layernorm")),
        ]
      }
      var attention = try SelfAttention(prefix + "self_attn.", shape, rotary: rotary, weights)
      attention.headNorms = try PreNormDecoder.HeadNorms.whole.load(prefix + "self_attn.", shape, weights)
      return [
        Block(attention, normAfter: try norm("post_attention_layernorm")),
        Block(feedForward, normAfter: try norm("post_feedforward_layernorm")),
      ]
    }
    return try Decoder(shape, embedding: embedding, layers: layers, weights)
  }
}
