import Checkpoints

// Ways to a tokenizer, and to the parts of encoding, that tests hold against each other.
extension Tokenizer {
  /// The tokenizer of a tokenizer.json, compiled now.
  package convenience init(
    json: [UInt8], settings: [UInt8]? = nil, endings: [[UInt8]] = []
  ) throws(TokenizerError) {
    func parse(_ bytes: [UInt8]) throws(TokenizerError) -> JSON {
      do { return try JSON(parsing: bytes) } catch { throw TokenizerError("not JSON: \(error)") }
    }
    var (configuration, values): (JSON?, [JSON]) = (nil, [])
    if let settings { configuration = try parse(settings) }
    for bytes in endings { values.append(try parse(bytes)) }
    try self.init(TokenizerJSON.read(root: parse(json), settings: configuration, endings: values))
  }

  /// The tokenizer of a rank file with GPT-4o's pattern and without special tokens, compiled now.
  package convenience init(tiktoken bytes: [UInt8]) throws(TokenizerError) {
    let draft = bytes.withUnsafeBytes { bytes in
      Result { () throws(TokenizerError) in try TiktokenReader.read(bytes, .o200k) }
    }
    try self.init(draft.get())
  }

  private convenience init(_ draft: VocabularyDraft) throws(TokenizerError) {
    guard let vocabulary = Vocabulary(try VocabularyCompiler.compile(draft, key: ContentKey())) else {
      throw TokenizerError("the compiled vocabulary contradicts itself", advice: "report this to Sotto")
    }
    self.init(vocabulary)
  }

  /// A piece of text encoded block by block, as `encode` does where the piece is no token.
  package func encodeByBlocks(piece: String) -> [Int32] { merge(piece, isRanked: false) }

  /// A piece of text encoded by doing one merge after the other.
  package func encodeByRank(piece: String) -> [Int32] { merge(piece, isRanked: true) }

  private func merge(_ piece: String, isRanked: Bool) -> [Int32] {
    var piece = piece
    return piece.withUTF8 { text in
      guard let base = text.baseAddress else { return [] }
      var output = TokenBuffer()
      var merger = BlockMerger()
      merger.encode(base, 0, text.count, MergeTables(vocabulary), &output, isRanked: isRanked)
      return output.array()
    }
  }
}
