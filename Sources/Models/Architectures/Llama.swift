/// Llama (arXiv:2302.13971, 2407.21783) and models with the same layers: SmolLM2, MobileLLM, TinyLlama, Yi.
///
/// Pre-norm layers of grouped-query attention and a gated feed-forward block; biases if the file has
/// them; the output head may be tied to the embedding.
enum Llama {
  static let architecture = Architecture(
    "llama",
    gguf: GGUFConversion("llama") {
      // The converter reorders the rows of q and k so that rotated pairs are adjacent.
      $0["rope_interleaved"] = true
    },
    shapes: SyntheticShape.llama
  ) { try model($0, $1) }

  /// - Parameter windows: the sliding window of each layer; nil for no windows.
  static func model(
    _ configuration: ModelConfiguration, _ weights: ModelWeights, windows: [Int?]? = nil
  ) throws -> Decoder {
    let shape = try DecoderShape(configuration)
    let rotary = try configuration.rotaryTable(headSize: shape.headSize)
    let activation = try configuration.activation()

    let embedding = try EmbeddingAndHead(shape, weights)
    let layers = try (0..<shape.layers).map { index in
      let prefix = "model.layers.\(index)."
      let shape = shape[layer: index]
      return [
        Block(
          try SelfAttention(
            prefix + "self_attn.", shape, rotary: rotary, weights, window: windows?[index]),
          norm: try weights.norm(prefix + "input_layernorm", shape)),
        Block(
          try GatedFeedForward(prefix + "mlp.", shape, activation, weights),
          norm: try weights.norm(prefix + "post_attention_layernorm", shape)),
      ]
    }
    return try Decoder(shape, embedding: embedding, layers: layers, weights)
  }
}
