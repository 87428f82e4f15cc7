import Basics
import Checkpoints

/// Reads the vocabulary from a GGUF file's metadata, keys `tokenizer.ggml.…`
/// (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md).
struct GGUFReader {
  let metadata: GGUFMetadata
  var draft = VocabularyDraft()

  /// The vocabulary of a file.
  static func read(_ metadata: GGUFMetadata) throws(TokenizerError) -> VocabularyDraft {
    do {
      var reader = GGUFReader(metadata: metadata)
      try reader.read()
      return reader.draft
    } catch let error as FileError {
      throw TokenizerError(
        file: error.file, "\(error.place): \(error.problem)", advice: "convert the model again")
    } catch let error as TokenizerError {
      throw error.about(metadata.file)
    } catch {
      throw TokenizerError(file: metadata.file, "\(error)")
    }
  }

  private init(metadata: GGUFMetadata) { self.metadata = metadata }

  /// The values of `tokenizer.ggml.token_type`.
  enum TokenType: Int {
    case normal = 1
    case unknown, control, userDefined, unused, byte
  }

  private mutating func read() throws {
    let model = try metadata.string("tokenizer.ggml.model")
    switch model {
    case "gpt2": try readByteLevel()
    case "llama": try readSentencePiece()
    case "t5": try readUnigram()
    case "gemma4": try readCharacterMerges()
    case "rwkv": try readLongest()
    case "plamo2": try readScored()
    default:
      throw TokenizerError(
        "tokenizer.ggml.model: vocabularies of the kind \"\(model)\" are not supported",
        advice: "Sotto supports gpt2, llama, t5, gemma4, rwkv and plamo2")
    }
    try readSpecialTokens()
  }

  private mutating func readByteLevel() throws {
    let name = try metadata.optionalString("tokenizer.ggml.pre")
    guard let named = NamedPreTokenizer(gguf: name ?? "default") else {
      throw TokenizerError(
        "tokenizer.ggml.pre: the pre-tokenizer \"\(name ?? "")\" is not supported",
        advice: "a newer version of Sotto may support it")
    }
    draft.rules.alphabet = .bytes
    draft.rules.preTokenization = named.steps
    if named.normalizesToNFC { draft.rules.normalization = [.nfc] }
    if try metadata.optionalBool("tokenizer.ggml.add_space_prefix") == true {
      draft.rules.normalization.append(.prependSpace)
    }
    draft.ignoresMerges = named.ignoresMerges

    let tokens = try metadata.strings("tokenizer.ggml.tokens")
    let kinds = try kinds(tokens.count)
    draft.reserve(tokens: tokens.count, bytes: tokens.bytes.count)
    let controls = try namedControls()
    var decoded: [UInt8] = []
    var index = 0
    tokens.forEach { bytes in
      let token = bytes.assumingMemoryBound(to: UInt8.self)
      let kind = kinds[index]
      let isControl = isControl(token, kind, index, named: controls)
      index += 1
      if isControl {
        draft.add(token, [.special, .added])
      } else if kind == .normal || kind == .byte, ByteAlphabet.decode(token, into: &decoded), !decoded.isEmpty
      {
        draft.add(decoded, .mergeable)
      } else {
        draft.add(token, Self.traits(kind))
      }
    }
    try checkCount(tokens.count)
    try draft.indexTokens()
    let merges = try metadata.strings("tokenizer.ggml.merges")
    draft.merges = .list(Self.merges(merges, draft))
    let adds = try metadata.optionalBool("tokenizer.ggml.add_bos_token") ?? named.addsBOS
    if adds { draft.rules.prefix = try token("bos").map { [$0] } ?? [] }
    if try metadata.optionalBool("tokenizer.ggml.add_eos_token") == true {
      draft.rules.suffix = try token("eos").map { [$0] } ?? []
    }
  }

  /// Each string is "left right". Pairs that are not two tokens whose concatenation is a third are skipped.
  private static func merges(_ strings: GGUFStrings, _ draft: VocabularyDraft) -> [VocabularyDraft.Merge] {
    var merges: [VocabularyDraft.Merge] = []
    merges.reserveCapacity(strings.count)
    var (left, both): ([UInt8], [UInt8]) = ([], [])
    strings.forEach { bytes in
      let text = bytes.assumingMemoryBound(to: UInt8.self)
      guard let space = text.dropFirst().firstIndex(of: UInt8(ascii: " ")),
        ByteAlphabet.decode(UnsafeBufferPointer(rebasing: text[..<space]), into: &left),
        ByteAlphabet.decode(UnsafeBufferPointer(rebasing: text[(space + 1)...]), into: &both)
      else { return }
      let middle = left.count
      left += both
      if let merge = left.withUnsafeBufferPointer({ draft.merge($0, cutAt: middle) }) { merges.append(merge) }
    }
    return merges
  }

  private mutating func readSentencePiece() throws {
    let addsSpace = try metadata.optionalBool("tokenizer.ggml.add_space_prefix") ?? true
    draft.rules.normalization = addsSpace ? [.prependMetaspace, .replaceSpaces] : [.replaceSpaces]
    draft.rules.stripsLeadingSpace = addsSpace
    draft.merges = .byScore(try scores(readCharacters()))
    if try metadata.optionalBool("tokenizer.ggml.add_bos_token") ?? true {
      draft.rules.prefix = [try token("bos") ?? 1].filter { $0 < draft.count }
    }
    if try metadata.optionalBool("tokenizer.ggml.add_eos_token") == true {
      draft.rules.suffix = [try token("eos") ?? 2].filter { $0 < draft.count }
    }
  }

  /// The types of all tokens; normal where the file has none.
  func kinds(_ count: Int) throws -> [TokenType] {
    guard let numbers = try metadata.optionalIntegers("tokenizer.ggml.token_type") else {
      return Array(repeating: .normal, count: count)
    }
    guard numbers.count == count else {
      throw TokenizerError(
        "tokenizer.ggml.token_type: \(numbers.count) types for \(count) tokens",
        advice: "convert the model again")
    }
    return numbers.map { TokenType(rawValue: $0) ?? .normal }
  }

  /// Whether a token is a control token whatever type the file gives it: by its text, or because the file
  /// names it as the start or the end of a text or turn.
  func isControl(
    _ token: UnsafeBufferPointer<UInt8>, _ type: TokenType, _ id: Int, named: Set<Int>
  ) -> Bool {
    switch type {
    case .normal:
      let isMarkup = token.first == UInt8(ascii: "<") || token.first == UInt8(ascii: "[")
      return ControlTokens.contains(token, isAdded: false)
        || (isMarkup && token.count > 2 && named.contains(id))
    case .userDefined: return ControlTokens.contains(token, isAdded: true) || named.contains(id)
    case .unknown, .control, .unused, .byte: return false
    }
  }

  func namedControls() throws -> Set<Int> {
    Set(
      try ["bos", "eos", "eot", "eom"].compactMap {
        try metadata.optionalInteger("tokenizer.ggml.\($0)_token_id")
      })
  }

  static func traits(_ type: TokenType) -> TokenTraits {
    switch type {
    case .normal, .unused: []
    case .unknown, .control: [.special, .added]
    case .userDefined: .added
    case .byte: .byte
    }
  }

  /// Fewer tokens are read where the file was truncated after it was mapped.
  func checkCount(_ count: Int) throws {
    guard draft.count == count, count > 0 else {
      throw TokenizerError("tokenizer.ggml.tokens: has no tokens")
    }
  }

  /// The token of a key such as "bos"; nil where it is missing or not a token.
  func token(_ name: String) throws -> UInt32? {
    guard let id = try metadata.optionalInteger("tokenizer.ggml.\(name)_token_id"), id >= 0,
      id < draft.count
    else { return nil }
    return UInt32(id)
  }

  private mutating func readSpecialTokens() throws {
    let isSentencePiece = draft.rules.alphabet == .characters
    draft.rules.bos = try token("bos")
    draft.rules.eos = try token("eos")
    draft.rules.padding = try token("padding")
    // Byte-level vocabularies drop bytes that have no token.
    if isSentencePiece { draft.rules.unknown = try token("unknown") ?? 0 }
    let ends = try [token("eos"), token("eot"), token("eom")].compactMap { $0 }
    draft.rules.endOfGeneration = EndOfGeneration.tokens(draft, given: ends)
  }
}
