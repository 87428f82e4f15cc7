import Basics
import Checkpoints

// The kinds of vocabularies whose tokens are spelled in characters, and RWKV's.
extension GGUFReader {
  /// Adds the tokens of a vocabulary with ▁ for spaces; returns their number.
  mutating func readCharacters() throws -> Int {
    draft.rules.alphabet = .characters
    let tokens = try metadata.strings("tokenizer.ggml.tokens")
    let kinds = try kinds(tokens.count)
    draft.reserve(tokens: tokens.count, bytes: tokens.bytes.count)
    let controls = try namedControls()
    var index = 0
    tokens.forEach { bytes in
      let token = bytes.assumingMemoryBound(to: UInt8.self)
      // Some files give byte tokens the type of ordinary ones.
      let isByte = kinds[index] == .normal && VocabularyCompiler.byte(named: token) != nil
      let kind: TokenType = isByte ? .byte : kinds[index]
      let isControl = isControl(token, kind, index, named: controls)
      let isMergeable = kind == .normal && !bytes.isEmpty
      draft.add(token, isControl ? [.special, .added] : isMergeable ? .mergeable : Self.traits(kind))
      index += 1
    }
    try checkCount(tokens.count)
    return tokens.count
  }

  /// The scores of all tokens.
  func scores(_ count: Int) throws -> [Float] {
    let scores = try metadata.floats("tokenizer.ggml.scores")
    guard scores.count == count else {
      throw TokenizerError(
        "tokenizer.ggml.scores: \(scores.count) scores for \(count) tokens", advice: "convert the model again"
      )
    }
    return scores
  }

  /// The bytes of the precompiled map of characters; nil for none.
  private func characterMap() throws -> [UInt8]? {
    let key = "tokenizer.ggml.precompiled_charsmap"
    guard metadata[key] != nil else { return nil }
    return try metadata.integers(key).map { UInt8(truncatingIfNeeded: $0) }
  }

  /// SentencePiece's unigram models ("t5").
  mutating func readUnigram() throws {
    if let map = try characterMap(), !map.isEmpty {
      guard draft.setCharacterMap(map) else {
        throw TokenizerError(
          "tokenizer.ggml.precompiled_charsmap: not a map of characters", advice: "convert the model again")
      }
      draft.rules.normalization.append(.mapCharacters)
    }
    draft.rules.segmentation = .unigram
    draft.rules.fusesUnknown = true
    let addsSpace = try metadata.optionalBool("tokenizer.ggml.add_space_prefix") ?? true
    let collapsesSpaces = try metadata.optionalBool("tokenizer.ggml.remove_extra_whitespaces") ?? false
    if collapsesSpaces { draft.rules.normalization.append(.collapseSpaces) }
    draft.rules.normalization += addsSpace ? [.prependMetaspace, .replaceSpaces] : [.replaceSpaces]
    if collapsesSpaces { draft.rules.normalization.append(.stripEndMarks) }
    draft.rules.stripsLeadingSpace = addsSpace
    draft.scores = try scores(readCharacters()).map { $0.isFinite ? Double($0) : 0 }
    try readEnds(bos: false, eos: true)
  }

  /// Gemma 4's: merges of characters, with ▁ for spaces.
  mutating func readCharacterMerges() throws {
    draft.rules.normalization = [.replaceSpaces]
    _ = try readCharacters()
    try draft.indexTokens()
    var merges: [VocabularyDraft.Merge] = []
    try metadata.strings("tokenizer.ggml.merges").forEach { bytes in
      let text = bytes.assumingMemoryBound(to: UInt8.self)
      guard let space = text.dropFirst().firstIndex(of: UInt8(ascii: " ")) else { return }
      let both = Array(text[..<space]) + text[(space + 1)...]
      if let merge = both.withUnsafeBufferPointer({ draft.merge($0, cutAt: space) }) { merges.append(merge) }
    }
    draft.merges = .list(merges)
    draft.rules.fusesUnknown = true
    try readEnds(bos: true, eos: false)
  }

  /// RWKV's world vocabulary: tokens with escapes, the longest first.
  mutating func readLongest() throws {
    draft.rules.segmentation = .longest
    let tokens = try metadata.strings("tokenizer.ggml.tokens")
    let kinds = try kinds(tokens.count)
    var index = 0
    tokens.forEach { bytes in
      let token = Array(bytes)
      let kind = kinds[index]
      if kind == .normal, let text = RWKVReader.unescaped(token[...], isBytes: true), !text.isEmpty {
        draft.add(text, .mergeable)
      } else {
        draft.add(token, Self.traits(kind))
      }
      index += 1
    }
    try checkCount(tokens.count)
    try readEnds(bos: false, eos: false)
  }

  /// PLaMo 2's: tokens of text as it is, with scores.
  mutating func readScored() throws {
    let tokens = try metadata.strings("tokenizer.ggml.tokens")
    let kinds = try kinds(tokens.count)
    let controls = try namedControls()
    draft.reserve(tokens: tokens.count, bytes: tokens.bytes.count)
    var index = 0
    tokens.forEach { bytes in
      let token = bytes.assumingMemoryBound(to: UInt8.self)
      let kind = kinds[index]
      let isControl = isControl(token, kind, index, named: controls)
      let isMergeable = kind == .normal && !bytes.isEmpty
      draft.add(token, isControl ? [.special, .added] : isMergeable ? .mergeable : Self.traits(kind))
      index += 1
    }
    try checkCount(tokens.count)
    let scores = try scores(tokens.count)
    PLaMoReader.setScores(scores.map { Double($0) }, of: &draft)
    try readEnds(bos: false, eos: false)
  }

  /// The tokens around a text, with these defaults.
  private mutating func readEnds(bos: Bool, eos: Bool) throws {
    if try metadata.optionalBool("tokenizer.ggml.add_bos_token") ?? bos {
      draft.rules.prefix = try token("bos").map { [$0] } ?? []
    }
    if try metadata.optionalBool("tokenizer.ggml.add_eos_token") ?? eos {
      draft.rules.suffix = try token("eos").map { [$0] } ?? []
    }
  }
}
