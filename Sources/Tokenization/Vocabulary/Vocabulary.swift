/// A compiled vocabulary: typed views of a `VocabularyImage`'s sections. The initializer checks the image
/// (`Vocabulary+Checks.swift`).
struct Vocabulary: @unchecked Sendable {
  // Unchecked because of the pointers, which point into `image`; that never changes.
  let image: VocabularyImage
  /// The number of tokens; ids are 0..<count.
  let count: Int
  let bytes: UnsafePointer<UInt8>
  let starts: UnsafePointer<UInt32>
  let tokens: UnsafePointer<TokenEntry>
  let traits: UnsafePointer<UInt8>
  let pieces: PieceTable
  let names: PieceTable
  let pairs: PairTable
  let merged: UnsafePointer<UInt32>
  let mergedCount: Int
  let bytePairs: UnsafePointer<UInt32>
  let added: TokenTrie
  let normalizedAdded: TokenTrie
  /// The trie of all tokens by their bytes, for vocabularies without merges.
  let pieceTrie: TokenTrie
  /// The scores of a unigram model, and that of an unknown character.
  let scores: UnsafeBufferPointer<Double>
  let byteTokens: UnsafePointer<UInt32>
  /// Of a vocabulary that rewrites characters.
  let characterMap: CharacterMap?
  let rules: TokenizerRules
  /// Bytes without a token in a byte-level vocabulary, except those that valid UTF-8 never contains.
  let missingBytes: ByteSet

  /// - Returns: nil if the image is damaged or has another version.
  init?(_ image: VocabularyImage) {
    guard let sections = VocabularySections(image), sections.areSound(),
      let rules = TokenizerRules(
        serialized: sections.array(.rules, of: UInt32.self), count: sections.tokenCount),
      ![.unigram, .unigramFromEnd, .unigramInSingle].contains(rules.segmentation)
        || sections.count(.scores) == sections.tokenCount + 1
    else { return nil }
    self.image = image
    self.rules = rules
    count = sections.tokenCount
    bytes = sections.pointer(.bytes)
    starts = sections.pointer(.starts)
    tokens = sections.pointer(.tokens)
    traits = sections.pointer(.traits)
    merged = sections.pointer(.merged)
    byteTokens = sections.pointer(.byteTokens)
    var missing = ByteSet()
    for byte in UInt8.min..<0xF5 where byte != 0xC0 && byte != 0xC1 {
      if rules.alphabet == .bytes, byteTokens[Int(byte)] == VocabularyLayout.none { missing.insert(byte) }
    }
    missingBytes = missing
    mergedCount = sections.count(.merged)
    pieces = PieceTable(sections.pointer(.pieces), count: sections.count(.pieces), tokenCount: count)
    names = PieceTable(sections.pointer(.names), count: sections.count(.names), tokenCount: count)
    pairs = PairTable(sections.pointer(.pairs), count: sections.count(.pairs))
    bytePairs = sections.pointer(.bytePairs)
    func trie(_ section: VocabularySection) -> TokenTrie {
      TokenTrie(sections.pointer(section), count: sections.count(section), tokenCount: sections.tokenCount)
    }
    added = trie(.addedEdges)
    normalizedAdded = trie(.normalizedEdges)
    pieceTrie = trie(.pieceEdges)
    scores = sections.array(.scores)
    characterMap = CharacterMap(UnsafeRawBufferPointer(sections.array(.characterMap, of: UInt8.self)))
  }

  /// The stored bytes of a token. Requires an id below `count`.
  @inline(__always)
  func token(_ id: UInt32) -> UnsafeBufferPointer<UInt8> {
    let start = starts[Int(id)]
    return UnsafeBufferPointer(start: bytes + Int(start), count: Int(starts[Int(id) &+ 1] &- start))
  }

  /// The length of a token in bytes. Requires an id below `count`.
  @inline(__always)
  func length(_ id: UInt32) -> Int { Int(starts[Int(id) &+ 1] &- starts[Int(id)]) }

  /// The token that encodes a whole piece.
  @inline(__always)
  func piece(_ piece: UnsafePointer<UInt8>, _ count: Int) -> UInt32 {
    pieces.find(piece, count, starts: starts, bytes: bytes)
  }

  /// The token with this text, special or not.
  func name(_ name: UnsafeBufferPointer<UInt8>) -> UInt32? {
    guard let base = name.baseAddress, name.count > 0 else { return nil }
    var id = piece(base, name.count)
    if id == VocabularyLayout.none { id = names.find(base, name.count, starts: starts, bytes: bytes) }
    return id == VocabularyLayout.none ? nil : id
  }

  /// The traits of a token. Requires an id below `count`.
  func traits(of id: UInt32) -> TokenTraits { TokenTraits(rawValue: traits[Int(id)]) }
}
