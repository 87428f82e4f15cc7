/// The sizes that nearly every decoder's config.json gives under the same keys, checked.
struct DecoderShape {
  let hidden: Int
  let layers: Int
  let heads: Int
  let keyValueHeads: Int
  let headSize: Int
  let vocabulary: Int
  let intermediate: Int
  let epsilon: Double
  let contextLength: Int
  let tied: Bool

  /// - Throws: `ModelError` naming the key that is missing or impossible.
  init(_ configuration: ModelConfiguration, tiedByDefault: Bool = false) throws {
    hidden = try configuration.integer("hidden_size", 1...1 << 20)
    layers = try configuration.integer("num_hidden_layers", 1...4096)
    heads = try configuration.integer("num_attention_heads", 1...65536)
    keyValueHeads = try configuration.integer("num_key_value_heads", 1...65536, default: heads)
    guard heads % keyValueHeads == 0 else {
      throw ModelError.wrongValue(key: "num_key_value_heads", expected: "a divisor of num_attention_heads")
    }
    headSize = try configuration.integer("head_dim", 1...65536, default: max(hidden / heads, 1))
    guard headSize % 2 == 0 else {
      throw ModelError.outOfRange(key: "head_dim", value: Double(headSize), allowed: "even")
    }
    vocabulary = try configuration.integer("vocab_size", 1...1 << 24)
    intermediate = try configuration.integer("intermediate_size", 1...1 << 24, default: 4 * hidden)
    epsilon = try configuration.positive("rms_norm_eps", default: 1e-6)
    contextLength = try configuration.integer("max_position_embeddings", 1...1 << 40, default: 2048)
    tied = try configuration.bool("tie_word_embeddings", default: tiedByDefault)
  }

  /// What the outside is told.
  func facts(_ architecture: String, _ work: TokenWork) -> ModelFacts {
    ModelFacts(
      architecture: architecture, vocabularyCount: vocabulary, contextLength: contextLength,
      layerCount: layers, work: work)
  }
}
