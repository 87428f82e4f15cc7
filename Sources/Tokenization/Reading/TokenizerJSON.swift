import Basics

/// Reads tokenizer.json, the format of the `tokenizers` library
/// (https://huggingface.co/docs/tokenizers/api/tokenizer), and what tokenizer_config.json and
/// generation_config.json add to it. Byte-pair vocabularies only.
struct TokenizerJSON {
  let root: JSON
  /// tokenizer_config.json, if there is one.
  let tokenizerConfig: JSON?
  /// generation_config.json and config.json, which name the tokens that end generation.
  let generationConfigs: [JSON]
  /// added_tokens.json, if there is one.
  var addedTokens: JSON?
  var draft = VocabularyDraft()

  /// The vocabulary from the files of a model.
  static func read(
    root: JSON, tokenizerConfig: JSON?, generationConfigs: [JSON], addedTokens: JSON? = nil
  ) throws(TokenizerError) -> VocabularyDraft {
    var reader = TokenizerJSON(
      root: root, tokenizerConfig: tokenizerConfig, generationConfigs: generationConfigs,
      addedTokens: addedTokens)
    do {
      try reader.read()
      return reader.draft
    } catch let error as TokenizerError {
      throw error
    } catch {
      throw TokenizerError("\(error)", advice: "download the file again")
    }
  }

  private mutating func read() throws {
    let model = try root.required("model")
    let kind = try model.optionalString("type") ?? "BPE"
    guard kind == "BPE" || kind == "Unigram" else {
      throw TokenizerError(
        "model: tokenizers of the type \"\(kind)\" are not supported",
        advice: "Sotto supports \"BPE\" and \"Unigram\"")
    }
    for key in ["continuing_subword_prefix", "end_of_word_suffix"] {
      guard try model.optionalString(key) ?? "" == "" else {
        throw TokenizerError("model: vocabularies with \"\(key)\" are not supported")
      }
    }
    draft.rules.alphabet = usesBytes ? .bytes : .characters
    draft.rules.fusesUnknown = try model.optionalBool("fuse_unk") ?? false
    draft.ignoresMerges = try model.optionalBool("ignore_merges") ?? false
    if kind == "Unigram" {
      try readUnigram(model)
    } else {
      try readTokens(model, vocabulary: model.object("vocab"))
      try readMerges(model)
    }
    try readPipeline()
    try readSpecialTokens(model)
  }

  /// Whether the vocabulary is byte-level: whether any pre-tokenizer or decoder step is ByteLevel.
  private var usesBytes: Bool {
    func has(_ step: JSON?, _ list: String) -> Bool {
      step?["type"]?.asString == "ByteLevel"
        || step?[list]?.asArray?.contains { $0["type"]?.asString == "ByteLevel" } == true
    }
    return has(root["pre_tokenizer"], "pretokenizers") || has(root["decoder"], "decoders")
  }

  /// The scores of a unigram model are beside its tokens: `[["token", score], …]`.
  private mutating func readUnigram(_ model: JSON) throws {
    var vocabulary = JSONObject()
    var scores: [Double] = []
    for (id, entry) in try model.array("vocab").enumerated() {
      guard let name = entry[0]?.asString, let score = entry[1]?.asNumber else {
        throw TokenizerError("model, vocab: token \(id) has no score")
      }
      if vocabulary[name] == nil { vocabulary[name] = .integer(id) }
      scores.append(score.isFinite ? score : 0)
    }
    draft.rules.segmentation = .unigram
    draft.rules.fusesUnknown = true
    draft.rules.alphabet = .characters
    try readTokens(model, vocabulary: vocabulary)
    draft.scores =
      Array(scores.prefix(draft.count)) + Array(repeating: 0, count: max(0, draft.count - scores.count))
    if let unknown = try model.optionalInteger("unk_id"), unknown >= 0, unknown < draft.count {
      draft.rules.unknown = UInt32(unknown)
    }
  }

  private mutating func readTokens(_ model: JSON, vocabulary: JSONObject) throws {
    let added = try addedTokens(vocabulary)
    let most = VocabularyLayout.maximumTokens
    var names: [String?] = []
    names.reserveCapacity(min(vocabulary.count + added.count, most))
    func assign(_ id: Int, _ name: String) throws {
      guard id >= 0, id < most, id < 2 * (vocabulary.count + added.count) + 65_536 else {
        throw TokenizerError("model, vocab: \"\(name.prefix(40))\" has the id \(id), which is out of range")
      }
      while names.count <= id { names.append(nil) }
      names[id] = name
    }
    for (name, id) in vocabulary {
      guard let id = id.asInteger else { throw TokenizerError("model, vocab: a token has no id") }
      try assign(id, name)
    }
    var traits: [Int: TokenTraits] = [:]
    for token in added {
      try assign(token.id, token.content)
      traits[token.id] = token.traits
    }
    let isFallback = try model.optionalBool("byte_fallback") ?? false
    draft.reserve(tokens: names.count, bytes: names.count * 8)
    var decoded: [UInt8] = []
    for (id, name) in names.enumerated() {
      var name = name ?? ""
      name.withUTF8 { name in
        if let traits = traits[id] {
          draft.add(name, traits.union(isMergeable(name, traits, vocabulary) ? .mergeable : []))
        } else if isFallback, VocabularyCompiler.byte(named: name) != nil {
          draft.add(name, .byte)
        } else if name.isEmpty {
          draft.add(name, [])
        } else if draft.rules.alphabet == .bytes {
          // A token outside the byte alphabet never results from text; it decodes to its own text.
          let isWritten = ByteAlphabet.decode(name, into: &decoded)
          draft.add(isWritten ? decoded : Array(name), isWritten ? .mergeable : [])
        } else {
          draft.add(name, .mergeable)
        }
      }
    }
  }

  /// Merges are strings "left right" or, because tokens may contain spaces, arrays of two.
  private mutating func readMerges(_ model: JSON) throws {
    try draft.indexTokens()
    var merges: [VocabularyDraft.Merge] = []
    var (left, both): ([UInt8], [UInt8]) = ([], [])
    for merge in try model.optionalArray("merges") ?? [] {
      guard let (first, second) = Self.parts(merge) else {
        throw TokenizerError("model, merges: merge \(merges.count) is not a pair of tokens")
      }
      if draft.rules.alphabet == .bytes {
        guard Self.decode(first, into: &left), Self.decode(second, into: &both) else { continue }
      } else {
        left = Array(first.utf8)
        both = Array(second.utf8)
      }
      let middle = left.count
      left += both
      if let merge = left.withUnsafeBufferPointer({ draft.merge($0, cutAt: middle) }) { merges.append(merge) }
    }
    draft.merges = .list(merges)
  }

  private static func decode(_ text: String, into bytes: inout [UInt8]) -> Bool {
    var text = text
    return text.withUTF8 { ByteAlphabet.decode($0, into: &bytes) }
  }

  private static func parts(_ merge: JSON) -> (String, String)? {
    if let first = merge[0]?.asString, let second = merge[1]?.asString { return (first, second) }
    guard let text = merge.asString, let space = text.dropFirst().utf8.firstIndex(of: UInt8(ascii: " "))
    else { return nil }
    return (String(text[..<space]), String(text[text.utf8.index(after: space)...]))
  }
}
