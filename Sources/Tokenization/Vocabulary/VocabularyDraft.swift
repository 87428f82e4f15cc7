/// What every source of a vocabulary (GGUF, tokenizer.json, tiktoken file) is read into, before it is
/// compiled.
struct VocabularyDraft {
  /// The bytes of all tokens, one after the other, and where each starts; one more start than tokens.
  private(set) var bytes: [UInt8] = []
  private(set) var starts: [UInt32] = [0]
  /// What kind of token each is.
  var traits: [TokenTraits] = []
  /// How tokens merge.
  var merges = Merges.none
  /// Whether a piece that is a token is that token, whatever merging would make of it.
  var takesWholePieces = false
  /// How text is prepared and what surrounds it.
  var rules = TokenizerRules()
  /// The slots of a `PieceTable` of the mergeable tokens, once `indexTokens` was called.
  private(set) var index: [UInt32] = []

  /// How two neighbouring tokens become one.
  enum Merges {
    case none
    /// These pairs, the first first.
    case list([Merge])
    /// Any two whose bytes together are a token; the lowest number first.
    case byNumber
    /// Any two whose bytes together are a token; the highest score first.
    case byScore([Float])
  }

  /// Two tokens and the one with both their bytes.
  struct Merge {
    let left: UInt32
    let right: UInt32
    let made: UInt32
  }

  /// How many tokens there are.
  var count: Int { traits.count }

  /// Makes room for so many tokens.
  mutating func reserve(tokens: Int, bytes: Int) {
    self.bytes.reserveCapacity(bytes)
    starts.reserveCapacity(tokens + 1)
    traits.reserveCapacity(tokens)
  }

  /// Adds the next token.
  mutating func add(_ token: UnsafeBufferPointer<UInt8>, _ traits: TokenTraits) {
    bytes.append(contentsOf: token)
    // Sources of 4 GB and more are refused by `checkSize` before the numbers are used.
    starts.append(UInt32(truncatingIfNeeded: bytes.count))
    self.traits.append(traits)
  }

  /// Adds the next token.
  mutating func add(_ token: [UInt8], _ traits: TokenTraits) {
    token.withUnsafeBufferPointer { add($0, traits) }
  }

  /// Adds tokens without bytes until there are `count`.
  mutating func fill(to count: Int) {
    while self.count < count { add([], []) }
  }

  /// The bytes of a token.
  func token(_ id: Int) -> ArraySlice<UInt8> { bytes[Int(starts[id])..<Int(starts[id + 1])] }

  /// Refuses what the compiled tables cannot number.
  func checkSize() throws(TokenizerError) {
    guard count < VocabularyLayout.maximumTokens, bytes.count < Int(UInt32.max) else {
      throw TokenizerError(
        "the vocabulary has \(count) tokens of \(bytes.count) bytes; Sotto reads up to "
          + "\(VocabularyLayout.maximumTokens - 1) of 4 GB")
    }
  }
}

// Finding tokens by their bytes.
extension VocabularyDraft {
  /// Makes `find` work. To be called once all tokens are there.
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

  /// The merge of the tokens that `both` is made of, if it is one of tokens into a token.
  func merge(_ both: UnsafeBufferPointer<UInt8>, cutAt middle: Int) -> Merge? {
    guard middle > 0, middle < both.count,
      let left = find(UnsafeBufferPointer(rebasing: both[..<middle])),
      let right = find(UnsafeBufferPointer(rebasing: both[middle...])), let made = find(both)
    else { return nil }
    return Merge(left: left, right: right, made: made)
  }

  /// The tables of tokens as pointers; nil where there are no bytes at all.
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
}
