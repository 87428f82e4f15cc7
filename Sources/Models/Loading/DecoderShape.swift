/// The sizes that nearly every decoder's config.json gives under the same keys, checked.
///
/// A size that differs between layers is the largest of them here; `subscript(layer:)` returns the shape of one layer.
package struct DecoderShape {
  /// `model_type`.
  let architecture: String
  let hidden: Int
  let layers: Int
  /// Query heads; 0 in a layer without attention, as is `keyValueHeads`.
  private(set) var heads: Int
  private(set) var keyValueHeads: Int
  private(set) var headSize: Int
  let vocabulary: Int
  /// 0 in a layer without a feed-forward block.
  private(set) var intermediate: Int
  let epsilon: Double
  let contextLength: Int
  let tied: Bool

  private let layerHeads: [Int]
  private let layerKeyValueHeads: [Int]
  private let layerIntermediates: [Int]

  /// - Parameters:
  ///   - tiedByDefault: whether the head is the embedding table, if the configuration does not say.
  ///   - epsilon: the key of the norms' epsilon and its default.
  /// - Throws: `ModelError` naming the key that is missing or impossible.
  package init(
    _ configuration: ModelConfiguration, tiedByDefault: Bool = false,
    epsilon: (key: String, fallback: Double) = ("rms_norm_eps", 1e-6)
  ) throws {
    architecture = try configuration.string("model_type")
    hidden = try configuration.integer("hidden_size", 1...1 << 20)
    layers = try configuration.integer("num_hidden_layers", 1...4096)
    layerHeads = try configuration.perLayer("num_attention_heads", 0...65536, count: layers)
    heads = layerHeads.max() ?? 0
    guard heads > 0 else {
      throw ModelError.wrongValue(key: "num_attention_heads", expected: "above zero in any layer")
    }
    layerKeyValueHeads = try configuration.perLayer(
      "num_key_value_heads", 0...65536, count: layers, default: layerHeads)
    keyValueHeads = layerKeyValueHeads.max() ?? 0
    guard zip(layerHeads, layerKeyValueHeads).allSatisfy({ $1 == 0 || $0 % $1 == 0 }), keyValueHeads > 0
    else {
      throw ModelError.wrongValue(key: "num_key_value_heads", expected: "a divisor of num_attention_heads")
    }
    headSize = try configuration.integer("head_dim", 1...65536, default: max(hidden / heads, 1))
    guard headSize % 2 == 0 else {
      throw ModelError.outOfRange(key: "head_dim", value: Double(headSize), allowed: "even")
    }
    vocabulary = try configuration.integer("vocab_size", 1...1 << 24)
    layerIntermediates = try configuration.perLayer(
      "intermediate_size", 0...1 << 24, count: layers, default: Array(repeating: 4 * hidden, count: layers))
    intermediate = layerIntermediates.max() ?? 0
    self.epsilon = try configuration.positive(epsilon.key, default: epsilon.fallback)
    contextLength = try configuration.contextLength(default: 2048)
    tied = try configuration.bool("tie_word_embeddings", default: tiedByDefault)
  }

  /// The shape of one layer.
  subscript(layer index: Int) -> DecoderShape {
    var shape = self
    shape.heads = layerHeads[index]
    shape.keyValueHeads = layerKeyValueHeads[index]
    shape.intermediate = layerIntermediates[index]
    return shape
  }

  /// The shape with other sizes of keys and values.
  func with(headSize: Int, keyValueHeads: Int) -> DecoderShape {
    var shape = self
    shape.headSize = headSize
    shape.keyValueHeads = keyValueHeads
    return shape
  }

  /// The properties that callers need.
  func facts(_ work: TokenWork) -> ModelFacts {
    ModelFacts(
      architecture: architecture, vocabularyCount: vocabulary, contextLength: contextLength,
      layerCount: layers, work: work)
  }
}

extension ModelConfiguration {
  /// The context length in positions, at most 2^30: positions are 32-bit integers.
  func contextLength(default fallback: Int) throws -> Int {
    let key = present("max_position_embeddings", "model_max_length")
    return min(try integer(key, 1...Int.max, default: fallback), 1 << 30)
  }
}
