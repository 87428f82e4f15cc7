/// A compiled vocabulary, ready for lookup: typed views of a `VocabularyImage`'s sections. Making one checks
/// the image (`Vocabulary+Checks.swift`).
struct Vocabulary: @unchecked Sendable {
  // Unchecked, because the pointers lead into `image`, which never changes.
  let image: VocabularyImage
  /// How many tokens there are; their numbers are 0..<count.
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
  let added: TokenTree
  let byteTokens: UnsafePointer<UInt32>
  let rules: TokenizerRules
  /// The bytes that a vocabulary of bytes lacks, but for those that UTF-8 never has.
  let missingBytes: ByteSet

  /// - Returns: nil where the image is damaged or not one of this version.
  init?(_ image: VocabularyImage) {
    guard let sections = VocabularySections(image), sections.areSound(),
      let rules = TokenizerRules(words: sections.array(.rules, of: UInt32.self), count: sections.tokenCount)
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
    added = TokenTree(
      sections.pointer(.addedEdges), count: sections.count(.addedEdges), tokenCount: count)
  }

  /// The stored bytes of a token. Requires a number below `count`.
  @inline(__always)
  func token(_ id: UInt32) -> UnsafeBufferPointer<UInt8> {
    let start = starts[Int(id)]
    return UnsafeBufferPointer(start: bytes + Int(start), count: Int(starts[Int(id) &+ 1] &- start))
  }

  /// The length of a token in bytes. Requires a number below `count`.
  @inline(__always)
  func length(_ id: UInt32) -> Int { Int(starts[Int(id) &+ 1] &- starts[Int(id)]) }

  /// The token that merging or direct lookup makes of a whole piece.
  @inline(__always)
  func piece(_ piece: UnsafePointer<UInt8>, _ count: Int) -> UInt32 {
    pieces.find(piece, count, starts: starts, bytes: bytes)
  }

  /// The token that is written like this, special or not.
  func name(_ name: UnsafeBufferPointer<UInt8>) -> UInt32? {
    guard let base = name.baseAddress, name.count > 0 else { return nil }
    var id = piece(base, name.count)
    if id == VocabularyLayout.none { id = names.find(base, name.count, starts: starts, bytes: bytes) }
    return id == VocabularyLayout.none ? nil : id
  }

  /// What kind of token it is. Requires a number below `count`.
  func traits(of id: UInt32) -> TokenTraits { TokenTraits(rawValue: traits[Int(id)]) }
}
