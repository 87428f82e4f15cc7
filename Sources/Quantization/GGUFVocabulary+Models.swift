import Basics
import Checkpoints
import Tokenization

// The vocabularies of single models.
extension GGUFVocabulary {
  /// RWKV's tokens.
  static func rwkv(
    _ vocabulary: RWKVTokens, count: Int, file: String
  ) throws -> [(key: String, value: GGUFField)] {
    try checkCount(vocabulary.texts.count, count, file)
    var types = vocabulary.texts.map { ($0 == nil ? TokenType.unused : .normal).rawValue }
    if !types.isEmpty { types[0] = TokenType.control.rawValue }
    var tokens = vocabulary.texts.enumerated().map { $0.element ?? "[PAD\($0.offset)]" }
    for id in tokens.count..<count {
      tokens.append("[PAD\(id)]")
      types.append(TokenType.unused.rawValue)
    }
    return [
      ("tokenizer.ggml.model", .string("rwkv")), ("tokenizer.ggml.tokens", .strings(tokens)),
      ("tokenizer.ggml.token_type", .integers(types)),
    ]
  }

  /// PLaMo 2's tokens with their scores, and its special tokens.
  /// - Parameter settings: tokenizer_config.json.
  static func plamo(
    _ vocabulary: PLaMoTokens, _ settings: JSON?, count: Int, file: String
  ) throws -> [(key: String, value: GGUFField)] {
    var (tokens, types) = (vocabulary.texts, vocabulary.types)
    var scores = vocabulary.scores.map { Float($0) }
    try checkCount(tokens.count, count, file)
    for number in 0..<(count - tokens.count) {
      tokens.append("[PAD\(number + 1)]")
      scores.append(-1000)
      types.append(TokenType.unused.rawValue)
    }
    var fields: [(key: String, value: GGUFField)] = [
      ("tokenizer.ggml.model", .string("plamo2")), ("tokenizer.ggml.pre", .string("default")),
      ("tokenizer.ggml.tokens", .strings(tokens)), ("tokenizer.ggml.scores", .numbers(scores)),
      ("tokenizer.ggml.token_type", .integers(types)),
    ]
    for (name, key) in [
      ("bos", "bos"), ("eos", "eos"), ("pad", "padding"), ("sep", "seperator"), ("unk", "unknown"),
    ] {
      guard let text = GGUFSpecialTokens.text(name, settings), let id = tokens.firstIndex(of: text) else {
        continue
      }
      fields.append(("tokenizer.ggml.\(key)_token_id", .integer(UInt32(id))))
    }
    // The token that starts the next turn.
    if count > 4 { fields.append(("tokenizer.ggml.eot_token_id", .integer(4))) }
    // The converter leaves it out, so that llama.cpp adds no token; the model's own tokenizer does.
    if let adds = settings?["add_bos_token"]?.asBool {
      fields.append(("tokenizer.ggml.add_bos_token", .bool(adds)))
    }
    fields.append(("tokenizer.ggml.add_space_prefix", .bool(false)))
    return fields
  }

  private static func checkCount(_ tokens: Int, _ rows: Int, _ file: String) throws {
    guard tokens <= rows else {
      throw QuantizationError(
        "\(file): the vocabulary has \(tokens) tokens, but the embedding has \(rows) rows")
    }
  }
}
