import Compute

/// The decoder of Llama and of the many architectures that differ from it in a few details: layers of grouped-query
/// attention and a feed-forward block, each with a norm of its input, of its output or of both. Biases are loaded if the
/// file has them.
struct PreNormDecoder {
  /// Which norms queries and keys have before they are rotated.
  enum HeadNorms {
    case none
    /// Each head by itself (Qwen3).
    case perHead
    /// All heads together (OLMo).
    case whole
  }

  /// The normalisation of the residual stream.
  enum Normalization {
    /// Root mean square.
    /// - Parameter offset: added to the weights (Gemma).
    case rootMeanSquare(offset: Float)
    /// Layer normalisation.
    /// - Parameter addsOne: whether files have the weights minus 1 (Nemotron).
    case layer(epsilon: Double, addsOne: Bool = false)
  }

  /// The names of tensors and of groups of them, most of them below the layer's prefix.
  struct Names {
    var table = "model.embed_tokens"
    var head = "lm_head"
    var norm = "model.norm"
    var layers = "model.layers."
    var attention = "self_attn."
    /// A fused projection of queries, keys and values, and the output projection.
    var projections = (fused: "qkv_proj", output: "o_proj")
    /// Whether the fused projection has the query, the key and the value of each head together (GPT-NeoX).
    var fusesByHead = false
    var feedForward = "mlp."
    /// The norm of the attention's input; nil for none, as are the others.
    var attentionNorm: String? = "input_layernorm"
    var attentionNormAfter: String?
    /// In a parallel layer, nil if both blocks share the attention's.
    var feedForwardNorm: String? = "post_attention_layernorm"
    var feedForwardNormAfter: String?
    var headNorms = (query: "q_norm", key: "k_norm")

    /// Norms of the blocks' outputs only (OLMo 2, EXAONE 4).
    static let normsAfter = Names(
      attentionNorm: nil, attentionNormAfter: "post_attention_layernorm", feedForwardNorm: nil,
      feedForwardNormAfter: "post_feedforward_layernorm")
  }

  /// Loads the feed-forward block of layer `index`; `prefix` is the layer's.
  typealias FeedForward = (
    _ prefix: String, _ index: Int, _ shape: DecoderShape, _ activation: Activation
  ) throws -> any BlockBody

  var tiedByDefault = false
  /// Whether a layer behind the last one predicts the token after the next one, if the file has it.
  var predictsTokens = false
  /// How often each layer runs in succession, with caches of its own for each run (MobileLLM).
  var runsOfLayer = 1
  var names = Names()
  var normalization = Normalization.rootMeanSquare(offset: 0)
  /// Whether the blocks' inputs are rounded to 8 bits a row (BitNet).
  var roundsInputs = false
  /// Whether attention and feed-forward run on the same input, and their outputs are added.
  var isParallel = false
  /// The name of learnt embeddings of positions, one for each of the context length (GPT-2).
  var positions: String?
  /// The sliding window of each layer; nil for no windows.
  var windows: [Int?]?
  /// The rotary table; nil for the one that the configuration describes, over whole heads.
  var rotary: RotaryTable?
  /// The rotary table of each layer, or nil for a layer without position embeddings; instead of `rotary` and `rotates`.
  var rotaries: [RotaryTable?]?
  /// Which layers have position embeddings; nil for all.
  var rotates: [Bool]?
  var headNorms = HeadNorms.none
  /// The factor on query · key; nil for 1 / sqrt(head size).
  var attentionScale: Float?
  /// Factors on the embeddings, on each block's output and on the logits (Granite).
  var embeddingScale: Float = 1
  var residualScale: Float = 1
  var logitScale: Float = 1
  /// Replaces the activation that the configuration names.
  var activation: Activation?
  /// nil for a gated block in every layer.
  var feedForward: FeedForward?
  /// Changes what is particular to an architecture's attention; `prefix` is the attention's.
  var adjust: ((_ attention: inout SelfAttention, _ prefix: String, _ index: Int) throws -> Void)?
  /// Loads what takes the place of attention in layer `index`; nil for attention in every layer, or in this one.
  var mixer: ((_ prefix: String, _ index: Int) throws -> (any BlockBody)?)?

  /// Loads the model.
  func model(_ configuration: ModelConfiguration, _ weights: ModelWeights) throws -> Decoder {
    let shape = try DecoderShape(configuration, tiedByDefault: tiedByDefault)
    let rotaries = try rotaries ?? sameRotary(configuration, shape)
    let activation = try activation ?? configuration.activation()

    let embedding = try EmbeddingAndHead(
      table: names.table, head: names.head, vocabulary: shape.vocabulary, hidden: shape.hidden,
      tied: shape.tied, norm: norm(names.norm, shape, weights),
      positions: positions.map {
        try weights.parameter($0 + ".weight", [shape.contextLength, shape.hidden])
      }, weights, scale: embeddingScale, logitScale: logitScale)
    let before = weights.work
    func layer(_ index: Int, _ shape: DecoderShape, _ rotary: RotaryTable?) throws -> [Block] {
      let prefix = names.layers + "\(index)."
      let mixer =
        try mixer?(prefix, index)
        ?? loadAttention(prefix + names.attention, index, shape, rotary, weights)
      let feedForward =
        try feedForward?(prefix, index, shape, activation)
        ?? GatedFeedForward(prefix + names.feedForward, shape, activation, weights)
      return try blocks(mixer, feedForward) {
        let norm = try norm(prefix + $0, shape, weights)
        return roundsInputs ? RoundedNorm(norm: norm) : norm
      }
    }
    let layers = try (0..<shape.layers).map { try layer($0, shape[layer: $0], rotaries[$0]) }
    weights.work.repeatLatest(since: before, times: runsOfLayer)
    let runs = layers.flatMap { Array(repeating: $0, count: runsOfLayer) }
    let decoder = try Decoder(shape, embedding: embedding, layers: runs, weights)
    guard predictsTokens else { return decoder }
    decoder.predictor = TokenPredictor.load(
      .layer(names.layers + "\(shape.layers)."), shape, embedding: embedding, weights,
      norm: { try norm($0, shape, weights) },
      blocks: { try layer(shape.layers, shape, rotaries.last ?? nil) })
    return decoder
  }

  private func sameRotary(
    _ configuration: ModelConfiguration, _ shape: DecoderShape
  ) throws -> [RotaryTable?] {
    let rotary = try rotary ?? configuration.rotaryTable(headSize: shape.headSize)
    return (0..<shape.layers).map { rotates?[$0] == false ? nil : rotary }
  }

  private func loadAttention(
    _ prefix: String, _ index: Int, _ shape: DecoderShape, _ rotary: RotaryTable?, _ weights: ModelWeights
  ) throws -> SelfAttention {
    var attention = try SelfAttention(
      prefix, shape, rotary: rotary, weights, scale: attentionScale, window: windows?[index],
      names: names.projections, fusesByHead: names.fusesByHead)
    attention.headNorms = try headNorms.load(prefix, shape, weights, names: names.headNorms)
    try adjust?(&attention, prefix, index)
    return attention
  }

  private func norm(_ name: String, _ shape: DecoderShape, _ weights: ModelWeights) throws -> any Norm {
    switch normalization {
    case .rootMeanSquare(let offset): try weights.norm(name, shape, offset: offset)
    case .layer(let epsilon, let addsOne):
      try weights.layerNorm(name, size: shape.hidden, epsilon: epsilon, addsOne: addsOne)
    }
  }

  /// A layer's blocks.
  private func blocks(
    _ attention: any BlockBody, _ feedForward: any BlockBody, norm: (String) throws -> any Norm
  ) rethrows -> [Block] {
    let before = try names.attentionNorm.map(norm)
    if isParallel, names.feedForwardNorm == nil {
      let both = SideBySide([
        Block(attention, scale: residualScale), Block(feedForward, scale: residualScale),
      ])
      return [Block(both, norm: before)]
    }
    let blocks = [
      Block(
        attention, norm: before, normAfter: try names.attentionNormAfter.map(norm), scale: residualScale),
      Block(
        feedForward, norm: try names.feedForwardNorm.map(norm),
        normAfter: try names.feedForwardNormAfter.map(norm), scale: residualScale),
    ]
    return isParallel ? [Block(SideBySide(blocks))] : blocks
  }
}

extension PreNormDecoder.HeadNorms {
  /// Loads the norms of queries and keys below `prefix`.
  func load(
    _ prefix: String, _ shape: DecoderShape, _ weights: ModelWeights,
    names: (query: String, key: String) = ("q_norm", "k_norm")
  ) throws -> (query: any Norm, key: any Norm)? {
    let sizes: (query: Int, key: Int)
    switch self {
    case .none: return nil
    case .perHead: sizes = (shape.headSize, shape.headSize)
    case .whole: sizes = (shape.heads * shape.headSize, shape.keyValueHeads * shape.headSize)
    }
    return (
      try weights.norm(prefix + names.query, shape, size: sizes.query),
      try weights.norm(prefix + names.key, shape, size: sizes.key)
    )
  }
}
