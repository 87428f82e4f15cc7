/// The common form into which every kind of vocabulary (GGUF, tokenizer.json, tiktoken) is parsed before it
/// is compiled.
struct VocabularyDraft {
  /// The concatenated bytes of all tokens, and the offset at which each starts; `starts` has one more element
  /// than there are tokens.
  private(set) var bytes: [UInt8] = []
  private(set) var starts: [UInt32] = [0]
  /// The traits of each token.
  var traits: [TokenTraits] = []
  /// How tokens merge.
  var merges = Merges.none
  /// The score of each token of a unigram model; empty for other vocabularies.
  var scores: [Double] = []
  /// SentencePiece's precompiled map of characters; empty for none.
  private(set) var characterMap: [UInt8] = []
  /// Whether a piece that is a token is encoded as that token without merging (`ignore_merges`).
  var ignoresMerges = false
  /// Normalization, pre-tokenization and special tokens.
  var rules = TokenizerRules()
  /// The slots of a `PieceTable` of the mergeable tokens, after `indexTokens`.
  private(set) var index: [UInt32] = []

  /// How two adjacent tokens merge.
  enum Merges {
    case none
    /// These pairs, ranked by their order.
    case list([Merge])
    /// Any two whose concatenation is a token; ranked by its id, the lowest first.
    case byNumber
    /// Any two whose concatenation is a token; ranked by its score, the highest first.
    case byScore([Float])
  }

  /// Two tokens and the token that their concatenation is.
  struct Merge {
    let left: UInt32
    let right: UInt32
    let result: UInt32
  }

  /// The number of tokens.
  var count: Int { traits.count }

  /// Reserves memory for so many tokens.
  mutating func reserve(tokens: Int, bytes: Int) {
    self.bytes.reserveCapacity(bytes)
    starts.reserveCapacity(tokens + 1)
    traits.reserveCapacity(tokens)
  }

  /// Appends a token.
  mutating func add(_ token: UnsafeBufferPointer<UInt8>, _ traits: TokenTraits) {
    bytes.append(contentsOf: token)
    // `checkSize` rejects sources of 4 GB and more before these offsets are used.
    starts.append(UInt32(truncatingIfNeeded: bytes.count))
    self.traits.append(traits)
  }

  /// Appends a token.
  mutating func add(_ token: [UInt8], _ traits: TokenTraits) {
    token.withUnsafeBufferPointer { add($0, traits) }
  }

  /// Appends tokens without bytes until there are `count`.
  mutating func fill(to count: Int) {
    while self.count < count { add([], []) }
  }

  /// The bytes of a token.
  func token(_ id: Int) -> ArraySlice<UInt8> { bytes[Int(starts[id])..<Int(starts[id + 1])] }

  /// Rejects sizes that the compiled tables cannot represent.
  func checkSize() throws(TokenizerError) {
    guard count < VocabularyLayout.maximumTokens, bytes.count < Int(UInt32.max) else {
      throw TokenizerError(
        "the vocabulary has \(count) tokens of \(bytes.count) bytes; Sotto supports up to "
          + "\(VocabularyLayout.maximumTokens - 1) of 4 GB")
    }
  }
}

// Finding tokens by their bytes.
extension VocabularyDraft {
  /// Builds the index for `find`. To be called after all tokens are added.
  mutating func indexTokens() throws(TokenizerError) {
    try checkSize()
    let ids = (0..<UInt32(count)).filter { traits[Int($0)].contains(.mergeable) }
    index = withTables { starts, bytes in PieceTable.slots(for: ids, starts: starts, bytes: bytes) } ?? []
  }

  /// The first mergeable token with these bytes.
  func find(_ token: UnsafeBufferPointer<UInt8>) -> UInt32? {
    guard let start = token.baseAddress, token.count > 0, !index.isEmpty else { return nil }
    let id = index.withUnsafeBufferPointer { slots in
      slots.baseAddress.flatMap { base in
        withTables { starts, bytes in
          PieceTable(base, count: slots.count, tokenCount: count).find(
            start, token.count, starts: starts, bytes: bytes)
        }
      }
    }
    return id == VocabularyLayout.none ? nil : id
  }

  /// The merge of the two parts of `both`, if the parts and the whole are tokens.
  func merge(_ both: UnsafeBufferPointer<UInt8>, cutAt middle: Int) -> Merge? {
    guard middle > 0, middle < both.count,
      let left = find(UnsafeBufferPointer(rebasing: both[..<middle])),
      let right = find(UnsafeBufferPointer(rebasing: both[middle...])), let result = find(both)
    else { return nil }
    return Merge(left: left, right: right, result: result)
  }

  /// The token tables as pointers; nil if there are no bytes at all.
  func withTables<Result>(
    _ body: (_ starts: UnsafePointer<UInt32>, _ bytes: UnsafePointer<UInt8>) -> Result
  ) -> Result? {
    bytes.withUnsafeBufferPointer { bytes in
      starts.withUnsafeBufferPointer { starts in
        guard let bytes = bytes.baseAddress, let starts = starts.baseAddress else { return nil }
        return body(starts, bytes)
      }
    }
  }
  /// Sets the map of characters.
  /// - Returns: false if the bytes do not have its format.
  mutating func setCharacterMap(_ bytes: [UInt8]) -> Bool {
    guard bytes.withUnsafeBytes({ CharacterMap($0) != nil }) else { return false }
    characterMap = bytes
    return true
  }

}
