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

  /// How two neighbouring tokens become one.
  enum Merges {
    case none
    /// These pairs, the first first; each makes the token with both their bytes.
    case list([(left: UInt32, right: UInt32)])
    /// Any two whose bytes together are a token; the lowest number first.
    case byNumber
    /// Any two whose bytes together are a token; the highest score first.
    case byScore([Float])
  }

  /// How many tokens there are.
  var count: Int { traits.count }

  /// Makes room for so many tokens.
  mutating func reserve(tokens: Int, bytes: Int) {
    self.bytes.reserveCapacity(bytes)
    starts.reserveCapacity(tokens + 1)
    traits.reserveCapacity(tokens)
  }

  /// Adds the next token. The total of bytes is that of a file, and below 4 GB by `checkSize`.
  mutating func add(_ token: some Sequence<UInt8>, _ traits: TokenTraits) {
    bytes.append(contentsOf: token)
    starts.append(UInt32(truncatingIfNeeded: bytes.count))
    self.traits.append(traits)
  }

  /// The bytes of a token.
  func token(_ id: Int) -> ArraySlice<UInt8> { bytes[Int(starts[id])..<Int(starts[id + 1])] }

  /// Refuses what the compiled tables cannot number.
  func checkSize() throws(TokenizerError) {
    guard count < VocabularyLayout.maximumTokens, bytes.count < Int(UInt32.max) else {
      throw TokenizerError(
        "the vocabulary has \(count) tokens; Sotto reads up to \(VocabularyLayout.maximumTokens - 1)")
    }
  }
}
