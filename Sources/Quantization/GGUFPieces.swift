import Basics
import Checkpoints
import Tokenization

/// The pieces of a SentencePiece vocabulary with their scores and types, for a GGUF file.
struct GGUFPieces {
  private(set) var texts: [String]
  private(set) var scores: [Float]
  private(set) var types: [Int32]
  /// Whether they are from tokenizer.model, as opposed to tokenizer.json.
  let isSentencePiece: Bool

  private typealias TokenType = GGUFVocabulary.TokenType

  /// nil for a model with another kind of vocabulary.
  /// - Parameters:
  ///   - settings: tokenizer_config.json.
  ///   - root: tokenizer.json.
  init?(
    _ checkpoint: Checkpoint, count: Int, _ settings: JSON?, _ root: JSON?, _ architecture: String
  ) throws {
    texts = (0..<count).map { "[PAD\($0)]" }
    scores = Array(repeating: -10000, count: count)
    types = Array(repeating: TokenType.unused.rawValue, count: count)
    // Phi-4 has a tokenizer.json of GPT-2's kind.
    let isGPT2 =
      ["phi3", "phimoe"].contains(architecture) && settings?["tokenizer_class"]?.asString == "GPT2Tokenizer"
    if !isGPT2, let pieces = try SentencePieceTokens(checkpoint) {
      isSentencePiece = true
      for id in 0..<min(count, pieces.texts.count) {
        (texts[id], scores[id], types[id]) = (pieces.texts[id], pieces.scores[id], pieces.types[id])
      }
      try addTokens(checkpoint, settings, root, architecture)
    } else {
      isSentencePiece = false
      guard let root, Self.isByteFallback(root) else { return nil }
      fill(from: root, settings)
    }
  }

  private mutating func set(_ id: Int, _ text: String, _ type: TokenType) {
    guard texts.indices.contains(id) else { return }
    (texts[id], scores[id], types[id]) = (text, -1000, type.rawValue)
  }

  /// The tokens that the files beside tokenizer.model add, or whose types they change.
  private mutating func addTokens(
    _ checkpoint: Checkpoint, _ settings: JSON?, _ root: JSON?, _ architecture: String
  ) throws {
    if let file = try checkpoint.tokenizerFile("added_tokens.json") {
      for (text, id) in try JSON(parsing: file).asObject ?? JSONObject() {
        if let id = id.asInteger { set(id, text, .userDefined) }
      }
    }
    // Phi-3's rules differ: the types are those of the files, and tokenizer.json's tokens count as well.
    let isPhi = ["phi3", "phimoe"].contains(architecture)
    for (id, token) in settings?["added_tokens_decoder"]?.asObject ?? JSONObject() {
      guard let id = Int(id), let text = token["content"]?.asString else { continue }
      add(
        id, text,
        isSpecial: token["special"]?.asBool == true || (!isPhi && GGUFVocabulary.looksSpecial(text)), isPhi)
    }
    for token in isPhi ? root?["added_tokens"]?.asArray ?? [] : [] {
      guard let id = token["id"]?.asInteger, let text = token["content"]?.asString else { continue }
      add(id, text, isSpecial: token["special"]?.asBool == true, isPhi)
    }
  }

  private mutating func add(_ id: Int, _ text: String, isSpecial: Bool, _ isLiteral: Bool) {
    let plain = isLiteral ? text : text.replacing("\u{2581}", with: " ")
    set(id, isSpecial ? text : plain, isSpecial ? .control : .userDefined)
  }

  /// Whether tokenizer.json is a SentencePiece vocabulary of the type BPE, converted.
  private static func isByteFallback(_ root: JSON) -> Bool {
    root["model"]?["type"]?.asString == "BPE" && root["model"]?["byte_fallback"]?.asBool == true
      && root["decoder"]?["type"]?.asString == "Sequence"
  }

  /// From tokenizer.json. llama.cpp's converter gives all tokens one score, with which texts are divided otherwise than
  /// by the model's tokenizer; here the score is the negated rank of the merge that makes the token, as in SentencePiece's
  /// own files.
  private mutating func fill(from root: JSON, _ settings: JSON?) {
    for (text, id) in root["model"]?["vocab"]?.asObject ?? JSONObject() {
      guard let id = id.asInteger, texts.indices.contains(id) else { continue }
      let isByte = text.utf8.count == 6 && text.hasPrefix("<0x") && text.hasSuffix(">")
      (texts[id], scores[id], types[id]) = (text, 0, (isByte ? TokenType.byte : .normal).rawValue)
    }
    var ranks: [String: Int] = [:]
    for (rank, merge) in (root["model"]?["merges"]?.asArray ?? []).enumerated() {
      let pair =
        merge.asArray?.compactMap(\.asString) ?? merge.asString?.split(separator: " ").map(String.init) ?? []
      let made = pair.joined()
      if ranks[made] == nil { ranks[made] = rank }
    }
    for id in texts.indices { if let rank = ranks[texts[id]] { scores[id] = -Float(rank) } }
    for token in AddedTokens(root, settings, count: texts.count).all {
      guard let id = token.id else { continue }
      add(id, token.text, isSpecial: token.isSpecial || GGUFVocabulary.looksSpecial(token.text), false)
    }
  }
}
