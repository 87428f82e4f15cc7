import Basics

/// Reads SentencePiece's `tokenizer.model`, a protocol buffer
/// (https://github.com/google/sentencepiece/blob/master/src/sentencepiece_model.proto), and what tokenizer_config.json
/// adds to it. Vocabularies of the types BPE and unigram.
struct SentencePieceReader {
  private var draft = VocabularyDraft()
  private var scores: [Float] = []
  private var unigram = true
  private var unknown: Int?, bos: Int?, eos: Int?, padding: Int?
  private var addsSpace = true
  private var collapsesSpaces = true
  private var map: [UInt8] = []

  /// The types of pieces.
  private enum Kind: UInt64 {
    case normal = 1
    case unknown, control, userDefined, unused, byte
  }

  /// The vocabulary of a file.
  /// - Parameter configuration: tokenizer_config.json, if there is one.
  static func read(
    _ bytes: UnsafeRawBufferPointer, configuration: JSON?, addedTokens: JSON?, generationConfigs: [JSON]
  ) throws(TokenizerError) -> VocabularyDraft {
    var reader = SentencePieceReader()
    try reader.readModel(ProtocolBuffer(bytes))
    try reader.finish(configuration, addedTokens, generationConfigs)
    return reader.draft
  }

  private static let damaged = TokenizerError(
    "the file is not a SentencePiece model", advice: "download the file again")

  private mutating func readModel(_ fields: ProtocolBuffer) throws(TokenizerError) {
    draft.rules.alphabet = .characters
    for field in fields.fields {
      guard let field else { throw Self.damaged }
      guard case .bytes(let content) = field.value else { continue }
      switch field.number {
      case 1: try readPiece(ProtocolBuffer(content))
      case 2: try readTrainer(ProtocolBuffer(content))
      case 3: try readNormalizer(ProtocolBuffer(content))
      default: break
      }
    }
    guard draft.count > 0 else { throw Self.damaged }
  }

  private mutating func readPiece(_ fields: ProtocolBuffer) throws(TokenizerError) {
    var (piece, score, kind) = (UnsafeRawBufferPointer(start: nil, count: 0), Float(0), Kind.normal)
    for field in fields.fields {
      switch (field?.number, field?.value) {
      case (1, .bytes(let bytes)?): piece = bytes
      case (2, .word(let bits)?): score = Float(bitPattern: UInt32(truncatingIfNeeded: bits))
      case (3, .word(let number)?): kind = Kind(rawValue: number) ?? .normal
      case (nil, _): throw Self.damaged
      default: break
      }
    }
    let traits: TokenTraits =
      switch kind {
      case .normal: piece.isEmpty ? [] : .mergeable
      case .unknown, .control: [.special, .added]
      case .userDefined: ControlTokens.contains(piece, isAdded: true) ? [.special, .added] : .added
      case .unused: []
      case .byte: .byte
      }
    if kind == .unknown, unknown == nil { unknown = draft.count }
    scores.append(score)
    draft.add(piece.bindMemory(to: UInt8.self), traits)
  }

  private mutating func readTrainer(_ fields: ProtocolBuffer) throws(TokenizerError) {
    for field in fields.fields {
      guard let field else { throw Self.damaged }
      guard case .word(let word) = field.value else { continue }
      let number = Int(Int32(truncatingIfNeeded: word))
      switch field.number {
      case 3:
        guard number == 1 || number == 2 else {
          throw TokenizerError(
            "the model is of type \(number)", advice: "Sotto supports SentencePiece's types unigram and BPE")
        }
        unigram = number == 1
      case 24:
        guard number == 0 else { throw TokenizerError("spaces at the end of words are not supported") }
      case 40: unknown = number
      case 41: bos = number
      case 42: eos = number
      case 43: padding = number
      default: break
      }
    }
  }

  private mutating func readNormalizer(_ fields: ProtocolBuffer) throws(TokenizerError) {
    for field in fields.fields {
      switch (field?.number, field?.value) {
      case (2, .bytes(let bytes)?): map = Array(bytes)
      case (3, .word(let flag)?): addsSpace = flag != 0
      case (4, .word(let flag)?): collapsesSpaces = flag != 0
      case (nil, _): throw Self.damaged
      default: break
      }
    }
  }

  private mutating func finish(
    _ configuration: JSON?, _ addedTokens: JSON?, _ generationConfigs: [JSON]
  ) throws(TokenizerError) {
    if !map.isEmpty {
      guard draft.setCharacterMap(map) else { throw Self.damaged }
      draft.rules.normalization.append(.mapCharacters)
    }
    func token(_ id: Int?) -> UInt32? { id.flatMap { $0 >= 0 && $0 < draft.count ? UInt32($0) : nil } }
    draft.rules.unknown = token(unknown ?? 0)
    (draft.rules.bos, draft.rules.eos, draft.rules.padding) = (
      token(bos ?? 1), token(eos ?? 2), token(padding)
    )
    if collapsesSpaces { draft.rules.normalization.append(.collapseSpaces) }
    if addsSpace {
      // As in transformers: the older form puts a space before every stretch of text between special tokens.
      let isLegacy = configuration?["legacy"]?.asBool ?? true
      draft.rules.normalization +=
        isLegacy ? [.prependMetaspace, .replaceSpaces] : [.replaceSpaces, .prependMetaspaceAtStart]
      draft.rules.stripsLeadingSpace = true
    } else {
      draft.rules.normalization.append(.replaceSpaces)
    }
    if collapsesSpaces { draft.rules.normalization.append(.stripEndMarks) }
    draft.rules.fusesUnknown = true
    if unigram {
      draft.rules.segmentation = .unigramInSingle
      draft.scores = scores.map { $0.isFinite ? Double($0) : 0 }
    } else {
      draft.merges = .byScore(scores)
    }
    addTokens(configuration, addedTokens)
    if configuration?["add_bos_token"]?.asBool ?? true {
      draft.rules.prefix = draft.rules.bos.map { [$0] } ?? []
    }
    if configuration?["add_eos_token"]?.asBool == true {
      draft.rules.suffix = draft.rules.eos.map { [$0] } ?? []
    }
    var ends = draft.rules.eos.map { [$0] } ?? []
    for source in generationConfigs {
      let listed = source["eos_token_id"]
      ends += (listed?.asArray ?? [listed].compactMap { $0 }).compactMap { token($0.asInteger) }
    }
    draft.rules.endOfGeneration = EndOfGeneration.tokens(draft, given: ends)
    draft.scores += Array(repeating: 0, count: draft.scores.isEmpty ? 0 : draft.count - draft.scores.count)
    if case .byScore(let known) = draft.merges {
      draft.merges = .byScore(known + Array(repeating: 0, count: draft.count - known.count))
    }
  }

  /// The tokens that the files beside the model add: those beyond the model's own, and options of the model's own.
  private mutating func addTokens(_ configuration: JSON?, _ addedTokens: JSON?) {
    var added: [(id: Int, text: String, isSpecial: Bool)] = []
    for (id, token) in configuration?["added_tokens_decoder"]?.asObject ?? JSONObject() {
      guard let id = Int(id), let text = token["content"]?.asString else { continue }
      added.append((id, text, token["special"]?.asBool ?? false))
    }
    for (text, id) in addedTokens?.asObject ?? JSONObject() {
      guard let id = id.asInteger, !added.contains(where: { $0.id == id }) else { continue }
      added.append((id, text, ControlTokens.contains(text.utf8, isAdded: true)))
    }
    for (id, text, isSpecial) in added.sorted(by: { $0.id < $1.id }) where id >= 0 {
      let traits: TokenTraits = isSpecial ? [.special, .added] : .added
      if id < draft.count {
        draft.traits[id] = draft.traits[id].contains(.byte) ? draft.traits[id] : traits
      } else if id < draft.count + 4096 {
        draft.fill(to: id)
        draft.add(Array(text.utf8), traits)
      }
    }
  }
}
