/// The tables of a vocabulary that merging uses, without reference counting, so copies are cheap. The caller
/// keeps the vocabulary alive.
struct MergeTables {
  let bytes: UnsafePointer<UInt8>
  let starts: UnsafePointer<UInt32>
  let pieces: PieceTable
  let neighbours: TokenNeighbours
  private let merged: UnsafePointer<UInt32>
  private let mergedCount: Int
  private let bytePairs: UnsafePointer<UInt32>
  let byteTokens: UnsafePointer<UInt32>
  /// The unknown token; `none` where characters without a token are dropped.
  let unknown: UInt32
  let alphabet: TokenizerRules.Alphabet
  let isOrdered: Bool
  let fusesUnknown: Bool
  /// Bytes that valid UTF-8 can contain and a byte-level vocabulary has no token for.
  private let missing: ByteSet
  private let lacksBytes: Bool

  init(_ vocabulary: borrowing Vocabulary) {
    bytes = vocabulary.bytes
    starts = vocabulary.starts
    pieces = vocabulary.pieces
    neighbours = TokenNeighbours(
      tokens: vocabulary.tokens, tokenCount: UInt32(vocabulary.count), pairs: vocabulary.pairs)
    mergedCount = vocabulary.mergedCount
    merged = vocabulary.merged
    bytePairs = vocabulary.bytePairs
    byteTokens = vocabulary.byteTokens
    unknown = vocabulary.rules.unknown ?? VocabularyLayout.none
    alphabet = vocabulary.rules.alphabet
    isOrdered = vocabulary.rules.isOrdered
    fusesUnknown = vocabulary.rules.fusesUnknown
    missing = vocabulary.missingBytes
    lacksBytes = !missing.isEmpty
  }

  @inline(__always)
  func length(_ id: UInt32) -> Int { Int(starts[Int(id) &+ 1] &- starts[Int(id)]) }

  /// The length in bytes of the initial symbol that starts with this byte: a byte or a character.
  @inline(__always)
  func characterLength(_ first: UInt8) -> Int {
    alphabet == .bytes ? 1 : UTF8Text.length(startingWith: first)
  }

  /// The rank of the merge of two tokens, or `PairTable.none`.
  @inline(__always)
  func rank(_ left: UInt32, _ right: UInt32) -> UInt32 { neighbours.pairs.rank(left, right) }

  /// The rank of the merge of two single-byte tokens, from a table of its own: most merges start with these.
  @inline(__always)
  func rank(bytes left: UInt8, _ right: UInt8) -> UInt32 { bytePairs[Int(left) << 8 | Int(right)] }

  /// The token that results from a merge; `none` where the table is damaged.
  @inline(__always)
  func result(ofMerge rank: UInt32) -> UInt32 {
    var token = rank
    if mergedCount > 0 {
      guard Int(rank) < mergedCount else { return VocabularyLayout.none }
      token = merged[Int(rank)]
    }
    return token < neighbours.tokenCount ? token : VocabularyLayout.none
  }

  /// Whether `BlockMerger` may split a piece. Where bytes are dropped, token lengths do not give text
  /// offsets.
  @inline(__always)
  func canCut(_ text: UnsafePointer<UInt8>, _ start: Int, _ limit: Int) -> Bool {
    guard lacksBytes else { return isOrdered }
    for position in start..<limit where missing.contains(text[position]) { return false }
    return isOrdered
  }

  /// Appends the tokens for a character (or byte) without a token: its byte tokens, or the unknown token.
  func appendUnknown(_ character: UnsafeBufferPointer<UInt8>, to output: inout TokenBuffer, from base: Int) {
    output.reserve(character.count)
    if alphabet == .characters, character.allSatisfy({ byteTokens[Int($0)] != VocabularyLayout.none }) {
      for byte in character { output.append(byteTokens[Int(byte)]) }
    } else if unknown != VocabularyLayout.none {
      if !(fusesUnknown && output.last(above: base) == unknown) { output.append(unknown) }
    }
  }
}
