import Compute

/// Phi-3.5-MoE (microsoft/Phi-3.5-MoE-instruct): layer normalisation, biases, LongRoPE, and mixtures of experts of which
/// a sparse mixer weighs two.
enum PhiMoE {
  static let architecture = Architecture("phimoe", gguf: GGUFConversion("phimoe")) { configuration, weights in
    let shape = try DecoderShape(configuration)
    let rotary = try configuration.rotaryTable(headSize: shape.headSize)
    let activation = try configuration.activation()
    let windows = try configuration.windows(count: shape.layers) { _ in true }
    let experts = try configuration.expertCounts()
    guard experts.chosen == 2 else {
      throw ModelError.outOfRange(
        key: "num_experts_per_tok", value: Double(experts.chosen), allowed: "2 with a sparse mixer")
    }
    let jitter = try configuration.number("router_jitter_noise", default: 0.01)
    let routing = RoutingSettings(count: 2, scoring: .sparseMixer(jitter: Float(jitter)))
    func norm(_ name: String) throws -> LayerNorm {
      try weights.layerNorm(name, size: shape.hidden, epsilon: shape.epsilon)
    }

    let embedding = try EmbeddingAndHead(
      table: "model.embed_tokens", vocabulary: shape.vocabulary, hidden: shape.hidden, tied: shape.tied,
      norm: norm("model.norm"), weights)
    let layers = try (0..<shape.layers).map { index in
      let prefix = "model.layers.\(index)."
      let attention = try SelfAttention(
        prefix + "self_attn.", shape, rotary: rotary, weights, window: windows[index])
      let mixture = try ExpertMixture(
        prefix + "block_sparse_moe.", routing, experts: experts.all, inner: shape.intermediate, shape,
        activation, weights)
      return [
        Block(attention, norm: try norm(prefix + "input_layernorm")),
        Block(mixture, norm: try norm(prefix + "post_attention_layernorm")),
      ]
    }
    return try Decoder(shape, embedding: embedding, layers: layers, weights)
  }
}
