import Basics
import Checkpoints
import Tokenization

/// The tokenizer of a model as metadata of a GGUF file: `tokenizer.ggml.…` as llama.cpp's converter writes it. Byte-level
/// vocabularies in tokenizer.json only.
struct GGUFVocabulary {
  private(set) var fields: [(key: String, value: GGUFField)] = []

  /// ggml's types of tokens.
  private enum TokenType: Int32 { case normal = 1, control = 3, userDefined = 4, unused = 5 }

  /// - Parameter count: the rows of the embedding, at least the number of tokens.
  init(_ checkpoint: Checkpoint, count: Int, template: String?) throws {
    let name = try Tokenizer.preTokenizerName(of: checkpoint)
    guard let root = try Self.json("tokenizer.json", checkpoint) else {
      throw QuantizationError("\(checkpoint.path): tokenizer.json is missing, which the GGUF file needs")
    }
    let (tokens, types) = try Self.tokens(root, count: count, file: checkpoint.path)
    fields = [
      ("tokenizer.ggml.model", .string("gpt2")), ("tokenizer.ggml.pre", .string(name)),
      ("tokenizer.ggml.tokens", .strings(tokens)), ("tokenizer.ggml.token_type", .integers(types)),
      ("tokenizer.ggml.merges", .strings(Self.merges(root))),
    ]
    try addSpecialTokens(checkpoint, tokens)
    if let template { fields.append(("tokenizer.chat_template", .string(template))) }
  }

  private static func json(_ name: String, _ checkpoint: Checkpoint) throws -> JSON? {
    guard let file = try checkpoint.tokenizerFile(name) else { return nil }
    return try JSON(parsing: file)
  }

  /// All tokens with their types. Rows of the embedding without a token are unused ones.
  private static func tokens(_ root: JSON, count: Int, file: String) throws -> ([String], [Int32]) {
    var tokens = (0..<count).map { "[PAD\($0)]" }
    var types = Array(repeating: TokenType.unused.rawValue, count: count)
    func set(_ id: Int?, _ text: String, _ type: TokenType) throws {
      guard let id, tokens.indices.contains(id) else {
        throw QuantizationError(
          "\(file): the token \(printable(text)) has no row among the \(count) of the embedding")
      }
      (tokens[id], types[id]) = (text, type.rawValue)
    }
    for (text, id) in root["model"]?["vocab"]?.asObject ?? JSONObject() {
      try set(id.asInteger, text, .normal)
    }
    for token in root["added_tokens"]?.asArray ?? [] {
      let isSpecial = token["special"]?.asBool ?? false
      try set(token["id"]?.asInteger, token["content"]?.asString ?? "", isSpecial ? .control : .userDefined)
    }
    return (tokens, types)
  }

  /// "left right", where spaces within a token are written as Ġ.
  private static func merges(_ root: JSON) -> [String] {
    (root["model"]?["merges"]?.asArray ?? []).compactMap { merge in
      if let text = merge.asString { return text }
      guard let pair = merge.asArray?.compactMap(\.asString), pair.count == 2 else { return nil }
      return pair.map { $0.replacing(" ", with: "\u{120}") }.joined(separator: " ")
    }
  }

  /// The special tokens of tokenizer_config.json, else of config.json; and what is added around a text.
  private mutating func addSpecialTokens(_ checkpoint: Checkpoint, _ tokens: [String]) throws {
    let settings = try Self.json("tokenizer_config.json", checkpoint)
    for (name, key) in [("bos", "bos"), ("eos", "eos"), ("unk", "unknown"), ("pad", "padding")] {
      let entry = settings?["\(name)_token"]
      let text = entry?.asString ?? entry?["content"]?.asString
      var id = text.flatMap { tokens.firstIndex(of: $0) }
      if id == nil {
        let number = checkpoint.configuration?["\(name)_token_id"]
        id = number?.asInteger ?? number?[0]?.asInteger
      }
      if let id, tokens.indices.contains(id) {
        fields.append(("tokenizer.ggml.\(key)_token_id", .integer(UInt32(id))))
      }
    }
    for name in ["bos", "eos"] {
      if let adds = settings?["add_\(name)_token"]?.asBool {
        fields.append(("tokenizer.ggml.add_\(name)_token", .bool(adds)))
      }
    }
  }
}
