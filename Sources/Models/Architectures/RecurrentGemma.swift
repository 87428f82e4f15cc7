import Compute

/// RecurrentGemma (arXiv:2404.07839, google/recurrentgemma-2b): Griffin's recurrent blocks and, every third layer, attention
/// with a sliding window, one key head and half of each head's columns rotated; Gemma's norms, feed-forward blocks, scaled
/// embeddings and soft cap on the logits.
enum RecurrentGemma {
  static let architecture = Architecture("recurrent_gemma", mlx: .plain) { configuration, weights in
    let shape = try DecoderShape(configuration, tiedByDefault: true)
    let activation = try configuration.activation(default: "gelu_pytorch_tanh")
    let attends = try attentionLayers(configuration, count: shape.layers)
    let window = try configuration.integer("attention_window_size", 1...1 << 40, default: 2048)
    let rotary = try configuration.partialRotaryTable(headSize: shape.headSize, default: 0.5)
    let inner = try configuration.integer("lru_width", 1...1 << 20, default: shape.hidden)
    guard inner % shape.heads == 0, inner / shape.heads <= RealGatedRecurrenceSettings.mostColumns else {
      throw ModelError.wrongValue(
        key: "lru_width",
        expected: "a multiple of num_attention_heads of at most \(RealGatedRecurrenceSettings.mostColumns)")
    }
    let taps = try configuration.integer("conv1d_width", 1...32, default: 4)
    let scales = try configuration.bool("embeddings_scale_by_sqrt_dim", default: true)
    // Checkpoints store norm weights minus 1.
    func norm(_ name: String) throws -> RMSNorm { try weights.norm(name, shape, offset: 1) }

    let embedding = try EmbeddingAndHead(
      table: "model.embed_tokens", vocabulary: shape.vocabulary, hidden: shape.hidden, tied: shape.tied,
      norm: norm("model.final_norm"), weights, scale: scales ? Float(shape.hidden).squareRoot() : 1,
      softcap: softcap(configuration))
    let layers = try (0..<shape.layers).map { index in
      let prefix = "model.layers.\(index)."
      let mixer: any BlockBody =
        attends[index]
        ? try SelfAttention(prefix + "temporal_block.", shape, rotary: rotary, weights, window: window)
        : try RealGatedMixer(
          prefix + "temporal_block.", shape, inner: inner, taps: taps, activation, weights)
      let feedForward = try GatedFeedForward(
        prefix + "mlp_block.", shape, activation, weights, inner: shape.intermediate / 2)
      return [
        Block(mixer, norm: try norm(prefix + "temporal_pre_norm")),
        Block(feedForward, norm: try norm(prefix + "channel_pre_norm")),
      ]
    }
    return try Decoder(shape, embedding: embedding, layers: layers, weights)
  }

  /// A cap that is null or 0 has no effect.
  private static func softcap(_ configuration: ModelConfiguration) throws -> Float? {
    guard configuration.json["logits_soft_cap"] != nil else { return 30 }
    return try configuration.optionalNumber("logits_soft_cap").flatMap { $0 == 0 ? nil : Float($0) }
  }

  /// `block_types`, repeated.
  private static func attentionLayers(_ configuration: ModelConfiguration, count: Int) throws -> [Bool] {
    let key = configuration.present("block_types", "_block_types")
    let types = try configuration.strings(key) ?? ["recurrent", "recurrent", "attention"]
    guard !types.isEmpty, types.allSatisfy({ ["recurrent", "attention"].contains($0) }) else {
      throw ModelError.wrongValue(key: key, expected: "a list of recurrent and attention")
    }
    return (0..<count).map { types[$0 % types.count] == "attention" }
  }
}
