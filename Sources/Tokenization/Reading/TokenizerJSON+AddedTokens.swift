import Basics

// Added tokens: those of tokenizer.json, and those that only the files beside it list. As in the transformers
// library, the first file that lists a token decides its options.
extension TokenizerJSON {
  /// A token that is matched as a whole.
  struct AddedToken {
    let id: Int
    let content: String
    var traits: TokenTraits
  }

  /// All added tokens, each once.
  /// - Parameter vocabulary: the ids of the model's own tokens.
  func addedTokens(_ vocabulary: JSONObject) throws -> [AddedToken] {
    var tokens: [AddedToken] = []
    var contents: Set<String> = []
    for token in try root.optionalArray("added_tokens") ?? [] {
      let content = try token.string("content")
      contents.insert(content)
      tokens.append(AddedToken(id: try token.integer("id"), content: content, traits: try Self.traits(token)))
    }
    var taken = Set(tokens.map(\.id)).union(vocabulary.values.compactMap(\.asInteger))
    // Ids from the file may be as large as an Int; an impossible one is refused when the vocabulary is compiled.
    func following(_ id: Int) -> Int { id < .max ? id + 1 : id }
    var next = following(taken.max() ?? -1)
    for var token in try configuredTokens(vocabulary) where contents.insert(token.content).inserted {
      if let id = vocabulary[token.content]?.asInteger {
        token = AddedToken(id: id, content: token.content, traits: token.traits)
      } else if taken.contains(token.id) {
        token = AddedToken(id: next, content: token.content, traits: token.traits)
      }
      taken.insert(token.id)
      next = max(next, following(token.id))
      tokens.append(token)
    }
    for index in tokens.indices where ControlTokens.contains(tokens[index].content.utf8, isAdded: true) {
      tokens[index].traits.insert(.special)
    }
    return tokens
  }

  /// The tokens of tokenizer_config.json and added_tokens.json, in the order of their ids, and the special
  /// tokens of the vocabulary that tokenizer_config.json names.
  private func configuredTokens(_ vocabulary: JSONObject) throws -> [AddedToken] {
    var tokens: [AddedToken] = []
    for (id, token) in tokenizerConfig?["added_tokens_decoder"]?.asObject ?? JSONObject() {
      guard let id = Int(id), let content = token["content"]?.asString else { continue }
      tokens.append(AddedToken(id: id, content: content, traits: try Self.traits(token)))
    }
    let special = specialNames
    for (content, id) in addedTokens?.asObject ?? JSONObject() {
      guard let id = id.asInteger else { continue }
      let traits: TokenTraits = special.contains(content) ? [.added, .special] : [.added, .normalized]
      tokens.append(AddedToken(id: id, content: content, traits: traits))
    }
    // A stable order: for equal ids the first file decides.
    tokens = tokens.enumerated().sorted { ($0.element.id, $0.offset) < ($1.element.id, $1.offset) }.map(
      \.element)
    for content in special.sorted() {
      guard let id = vocabulary[content]?.asInteger else { continue }
      tokens.append(AddedToken(id: id, content: content, traits: [.added, .special]))
    }
    return tokens
  }

  /// The special tokens that tokenizer_config.json names, as strings or as objects with a `content` key.
  private var specialNames: Set<String> {
    let keys = ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"]
    let values =
      keys.compactMap { tokenizerConfig?[$0] }
      + (tokenizerConfig?["additional_special_tokens"]?.asArray ?? [])
    return Set(values.compactMap { $0.asString ?? $0["content"]?.asString }).subtracting([""])
  }

  private static func traits(_ token: JSON) throws -> TokenTraits {
    var traits: TokenTraits = .added
    if try token.optionalBool("special") == true { traits.insert(.special) }
    if try token.optionalBool("lstrip") == true { traits.insert(.stripsLeft) }
    if try token.optionalBool("rstrip") == true { traits.insert(.stripsRight) }
    if try token.optionalBool("single_word") == true { traits.insert(.singleWord) }
    if try token.optionalBool("normalized") == true { traits.insert(.normalized) }
    return traits
  }

  /// Whether an added token takes part in merging too: text that it does not match, such as a longer word, can
  /// contain it. Special tokens are excluded, so that no text becomes one.
  func isMergeable(
    _ name: UnsafeBufferPointer<UInt8>, _ traits: TokenTraits, _ vocabulary: JSONObject
  ) -> Bool {
    guard !traits.contains(.special), vocabulary[String(decoding: name, as: UTF8.self)] != nil else {
      return false
    }
    // In a byte-level vocabulary the text of the token must be its spelling in the byte alphabet.
    return draft.rules.alphabet == .characters || name.allSatisfy { (0x21...0x7E).contains($0) }
  }
}
