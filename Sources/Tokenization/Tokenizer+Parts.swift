import Basics

// Initializers and single stages of encoding, for tests.
extension Tokenizer {
  /// The tokenizer of a tokenizer.json, compiled without a cache.
  package convenience init(
    json: [UInt8], tokenizerConfig: [UInt8]? = nil, generationConfigs: [[UInt8]] = [],
    addedTokens: [UInt8]? = nil
  ) throws(TokenizerError) {
    func parse(_ bytes: [UInt8]) throws(TokenizerError) -> JSON {
      do { return try JSON(parsing: bytes) } catch { throw TokenizerError("not JSON: \(error)") }
    }
    var (configuration, added, values): (JSON?, JSON?, [JSON]) = (nil, nil, [])
    if let tokenizerConfig { configuration = try parse(tokenizerConfig) }
    if let addedTokens { added = try parse(addedTokens) }
    for bytes in generationConfigs { values.append(try parse(bytes)) }
    try self.init(
      TokenizerJSON.read(
        root: parse(json), tokenizerConfig: configuration, generationConfigs: values,
        addedTokens: added))
  }

  /// The tokenizer of a rank file with GPT-4o's pattern and without special tokens, compiled without a cache.
  package convenience init(tiktoken bytes: [UInt8]) throws(TokenizerError) {
    let draft = bytes.withUnsafeBytes { bytes in
      Result { () throws(TokenizerError) in try TiktokenReader.read(bytes, [.words(.o200k)]) }
    }
    try self.init(draft.get())
  }

  private convenience init(_ draft: VocabularyDraft) throws(TokenizerError) {
    guard let vocabulary = Vocabulary(try VocabularyCompiler.compile(draft, key: ContentKey.Builder().key))
    else {
      throw TokenizerError("the compiled vocabulary is inconsistent", advice: "report this as a bug in Sotto")
    }
    self.init(vocabulary)
  }

  /// A piece encoded by `BlockMerger`, as `encode` does for a piece that is not a token.
  package func encodeByBlocks(piece: String) -> [Int32] { merge(piece, usesRankedMerger: false) }

  /// A piece encoded by `RankedMerger`, one merge after the other.
  package func encodeByRank(piece: String) -> [Int32] { merge(piece, usesRankedMerger: true) }

  private func merge(_ piece: String, usesRankedMerger: Bool) -> [Int32] {
    var piece = piece
    return piece.withUTF8 { text in
      guard let base = text.baseAddress else { return [] }
      var output = TokenBuffer()
      var merger = BlockMerger()
      merger.encode(base, 0, text.count, MergeTables(vocabulary), &output, usesRankedMerger: usesRankedMerger)
      return output.array()
    }
  }
}
