import Compute

/// The decoder of Llama and of the many architectures that differ from it in a few details: layers of grouped-query
/// attention and a feed-forward block, each with a norm of its input. Biases are loaded if the file has them.
struct PreNormDecoder {
  /// Which norms queries and keys have before they are rotated.
  enum HeadNorms {
    case none
    /// Each head by itself (Qwen3).
    case perHead
    /// All heads together (OLMo).
    case whole
  }

  /// Loads the feed-forward block of layer `index`; `prefix` is the layer's.
  typealias FeedForward = (
    _ prefix: String, _ index: Int, _ shape: DecoderShape, _ activation: Activation
  ) throws -> any BlockBody

  var tiedByDefault = false
  /// The sliding window of each layer; nil for no windows.
  var windows: [Int?]?
  /// The rotary table; nil for the one that the configuration describes, over whole heads.
  var rotary: RotaryTable?
  /// Which layers have position embeddings; nil for all.
  var rotates: [Bool]?
  var headNorms = HeadNorms.none
  /// The factor on query · key; nil for 1 / sqrt(head size).
  var attentionScale: Float?
  /// Factors on the embeddings, on each block's output and on the logits (Granite).
  var embeddingScale: Float = 1
  var residualScale: Float = 1
  var logitScale: Float = 1
  /// nil for a gated block in every layer.
  var feedForward: FeedForward?

  /// Loads the model.
  func model(_ configuration: ModelConfiguration, _ weights: ModelWeights) throws -> Decoder {
    let shape = try DecoderShape(configuration, tiedByDefault: tiedByDefault)
    let rotary = try rotary ?? configuration.rotaryTable(headSize: shape.headSize)
    let activation = try configuration.activation()

    let embedding = try EmbeddingAndHead(shape, weights, scale: embeddingScale, logitScale: logitScale)
    let layers = try (0..<shape.layers).map { index in
      let prefix = "model.layers.\(index)."
      let shape = shape[layer: index]
      var attention = try SelfAttention(
        prefix + "self_attn.", shape, rotary: rotates?[index] == false ? nil : rotary, weights,
        scale: attentionScale, window: windows?[index])
      attention.headNorms = try headNorms.load(prefix + "self_attn.", shape, weights)
      let feedForward =
        try feedForward?(prefix, index, shape, activation)
        ?? GatedFeedForward(prefix + "mlp.", shape, activation, weights)
      return [
        Block(
          attention, norm: try weights.norm(prefix + "input_layernorm", shape), scale: residualScale),
        Block(
          feedForward, norm: try weights.norm(prefix + "post_attention_layernorm", shape),
          scale: residualScale),
      ]
    }
    return try Decoder(shape, embedding: embedding, layers: layers, weights)
  }
}

extension PreNormDecoder.HeadNorms {
  /// Loads `q_norm` and `k_norm` below `prefix`.
  func load(
    _ prefix: String, _ shape: DecoderShape, _ weights: ModelWeights
  ) throws -> (query: RMSNorm, key: RMSNorm)? {
    let sizes: (query: Int, key: Int)
    switch self {
    case .none: return nil
    case .perHead: sizes = (shape.headSize, shape.headSize)
    case .whole: sizes = (shape.heads * shape.headSize, shape.keyValueHeads * shape.headSize)
    }
    return (
      try weights.norm(prefix + "q_norm", shape, size: sizes.query),
      try weights.norm(prefix + "k_norm", shape, size: sizes.key)
    )
  }
}
