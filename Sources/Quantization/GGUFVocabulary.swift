import Basics
import Checkpoints
import Tokenization

/// The tokenizer of a model as metadata of a GGUF file: `tokenizer.ggml.…` as llama.cpp's converter writes it, from
/// SentencePiece's tokenizer.model or from tokenizer.json.
struct GGUFVocabulary {
  private(set) var fields: [(key: String, value: GGUFField)] = []

  /// ggml's types of tokens.
  enum TokenType: Int32 { case normal = 1, unknown, control, userDefined, unused, byte }

  /// - Parameters:
  ///   - count: the rows of the embedding, at least the number of tokens.
  ///   - architecture: `general.architecture`, some of which have rules of their own.
  init(_ checkpoint: Checkpoint, count: Int, architecture: String, template: String?) throws {
    let settings = try Self.json("tokenizer_config.json", checkpoint)
    let root = try Self.json("tokenizer.json", checkpoint)
    let addsSpace = settings?["add_prefix_space"]?.asBool
    if architecture == "plamo2", let tokens = try PLaMoTokens(checkpoint) {
      fields = try Self.plamo(tokens, settings, count: count, file: checkpoint.path)
      if let template { fields.append(("tokenizer.chat_template", .string(template))) }
      return
    }
    if architecture == "rwkv7", let tokens = try RWKVTokens(checkpoint) {
      fields = try Self.rwkv(tokens, count: count, file: checkpoint.path)
    } else if architecture == "gemma4", let root {
      fields = try Self.characterMerges(root, settings, count: count, file: checkpoint.path)
    } else if let pieces = try GGUFPieces(checkpoint, count: count, settings, root, architecture) {
      let pre = "default"
      fields = [
        ("tokenizer.ggml.model", .string("llama")), ("tokenizer.ggml.pre", .string(pre)),
        ("tokenizer.ggml.tokens", .strings(pieces.texts)), ("tokenizer.ggml.scores", .numbers(pieces.scores)),
        ("tokenizer.ggml.token_type", .integers(pieces.types)),
      ]
      let noSpace = architecture.hasPrefix("gemma") || (architecture == "jamba" && !pieces.isSentencePiece)
      let readsSettings = ["llama", "granite", "mistral3", "smollm3", "ernie4_5", "ernie4_5-moe"].contains(
        architecture)
      if let flag = noSpace ? false : readsSettings ? addsSpace : nil {
        fields.append(("tokenizer.ggml.add_space_prefix", .bool(flag)))
      }
    } else {
      guard let root else {
        throw QuantizationError(
          "\(checkpoint.path): tokenizer.json is missing, which the GGUF file needs")
      }
      let name = try Tokenizer.preTokenizerName(of: checkpoint)
      let (tokens, types) = try Self.tokens(root, settings, count: count, file: checkpoint.path)
      fields = [
        ("tokenizer.ggml.model", .string("gpt2")), ("tokenizer.ggml.pre", .string(name)),
        ("tokenizer.ggml.tokens", .strings(tokens)), ("tokenizer.ggml.token_type", .integers(types)),
        ("tokenizer.ggml.merges", .strings(Self.merges(root))),
      ]
      if ["llama", "granite", "mistral3", "smollm3"].contains(architecture), let addsSpace {
        fields.append(("tokenizer.ggml.add_space_prefix", .bool(addsSpace)))
      }
    }
    var special = GGUFSpecialTokens(root, settings, checkpoint.configuration, count: count)
    special.adjust(architecture, root)
    fields += special.fields
    if let template { fields.append(("tokenizer.chat_template", .string(template))) }
  }

  private static func json(_ name: String, _ checkpoint: Checkpoint) throws -> JSON? {
    guard let file = try checkpoint.tokenizerFile(name) else { return nil }
    return try JSON(parsing: file)
  }

  /// Gemma 4's: merges of characters, with ▁ for spaces. Tokens that a parser of the output needs are shown.
  private static func characterMerges(
    _ root: JSON, _ settings: JSON?, count: Int, file: String
  ) throws -> [(key: String, value: GGUFField)] {
    let shown: Set = [
      "<|channel>", "<channel|>", "<|tool_call>", "<tool_call|>", "<|tool_response>", "<tool_response|>",
      "<|\"|>",
    ]
    let special = GGUFSpecialTokens.texts(settings)
    let size = root["model"]?["vocab"]?.asObject?.count ?? 0
    var (tokens, types) = try tokens(root, settings, count: count, file: file)
    let added = Dictionary(
      (root["added_tokens"]?.asArray ?? []).compactMap { token in
        token["id"]?.asInteger.map { ($0, token["content"]?.asString ?? "") }
      }, uniquingKeysWith: { $1 })
    for id in tokens.indices where types[id] != TokenType.unused.rawValue {
      if let text = added[id] { tokens[id] = text }
      let text = tokens[id]
      let isByte = text.utf8.count == 6 && text.hasPrefix("<0x") && text.hasSuffix(">")
      let other: TokenType = id < size ? .normal : .userDefined
      let type: TokenType =
        shown.contains(text) ? .userDefined : isByte ? .byte : special.contains(text) ? .control : other
      types[id] = type.rawValue
    }
    return [
      ("tokenizer.ggml.model", .string("gemma4")), ("tokenizer.ggml.tokens", .strings(tokens)),
      ("tokenizer.ggml.scores", .numbers(Array(repeating: -1000, count: count))),
      ("tokenizer.ggml.token_type", .integers(types)), ("tokenizer.ggml.merges", .strings(merges(root))),
      ("tokenizer.ggml.add_space_prefix", .bool(false)),
    ]
  }

  /// All tokens with their types. Rows of the embedding without a token are unused ones.
  private static func tokens(
    _ root: JSON, _ settings: JSON?, count: Int, file: String
  ) throws -> ([String], [Int32]) {
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
    for token in AddedTokens(root, settings, count: count).all {
      let isControl = token.isSpecial || looksSpecial(token.text)
      try set(
        token.id, isControl ? token.text : token.text.replacing("\u{2581}", with: " "),
        isControl ? .control : .userDefined)
    }
    return (tokens, types)
  }

  /// Whether an added token is one for control despite its file: some models do not mark them.
  static func looksSpecial(_ text: String) -> Bool {
    if ["<pad>", "<mask>", "<2mass>", "[@BOS@]"].contains(text) { return true }
    let brackets = [("<|", "|>"), ("<\u{FF5C}", "\u{FF5C}>"), ("<unused", ">")]
    return brackets.contains { text.hasPrefix($0.0) && text.hasSuffix($0.1) }
  }

  /// "left right", where spaces within a token are written as Ġ.
  private static func merges(_ root: JSON) -> [String] {
    (root["model"]?["merges"]?.asArray ?? []).compactMap { merge in
      if let text = merge.asString { return text }
      guard let pair = merge.asArray?.compactMap(\.asString), pair.count == 2 else { return nil }
      return pair.map { $0.replacing(" ", with: "\u{120}") }.joined(separator: " ")
    }
  }
}
