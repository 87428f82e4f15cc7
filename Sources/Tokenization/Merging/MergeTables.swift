/// The tables of a vocabulary that merging reads, and nothing that counts references: copies of it are free.
/// Whoever makes one keeps the vocabulary.
struct MergeTables {
  let bytes: UnsafePointer<UInt8>
  let starts: UnsafePointer<UInt32>
  let pieces: PieceTable
  let neighbours: TokenNeighbours
  private let merged: UnsafePointer<UInt32>
  private let mergedCount: Int
  private let bytePairs: UnsafePointer<UInt32>
  let byteTokens: UnsafePointer<UInt32>
  /// What stands for characters that cannot be written otherwise; `none` where they are left out.
  let unknown: UInt32
  let alphabet: TokenizerRules.Alphabet
  let isOrdered: Bool
  let fusesUnknown: Bool
  /// The bytes that a vocabulary of bytes lacks and that text may have.
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

  /// How many bytes the character is that starts with this one, or what stands for a character here.
  @inline(__always)
  func characterLength(_ first: UInt8) -> Int {
    alphabet == .bytes ? 1 : UTF8Text.length(startingWith: first)
  }

  /// The number of the merge of two tokens, or `PairTable.none`.
  @inline(__always)
  func rank(_ left: UInt32, _ right: UInt32) -> UInt32 { neighbours.pairs.rank(left, right) }

  /// The same for the tokens of two bytes, which most merging starts with.
  @inline(__always)
  func rank(bytes left: UInt8, _ right: UInt8) -> UInt32 { bytePairs[Int(left) << 8 | Int(right)] }

  /// The token that a merge makes; `none` where the tables lie.
  @inline(__always)
  func made(_ rank: UInt32) -> UInt32 {
    var token = rank
    if mergedCount > 0 {
      guard Int(rank) < mergedCount else { return VocabularyLayout.none }
      token = merged[Int(rank)]
    }
    return token < neighbours.tokenCount ? token : VocabularyLayout.none
  }

  /// Whether `BlockMerger` may cut a piece. Where a byte is left out, the lengths of tokens do not tell where
  /// they stand.
  @inline(__always)
  func canCut(_ text: UnsafePointer<UInt8>, _ start: Int, _ limit: Int) -> Bool {
    guard lacksBytes else { return isOrdered }
    for place in start..<limit where missing.contains(text[place]) { return false }
    return isOrdered
  }

  /// Adds what stands for a character (or byte) that is no token: its bytes' tokens, or the unknown token.
  func appendUnknown(_ character: UnsafeBufferPointer<UInt8>, to output: inout TokenBuffer, from base: Int) {
    output.reserve(character.count)
    if alphabet == .characters, character.allSatisfy({ byteTokens[Int($0)] != VocabularyLayout.none }) {
      for byte in character { output.append(byteTokens[Int(byte)]) }
    } else if unknown != VocabularyLayout.none {
      if !(fusesUnknown && output.last(above: base) == unknown) { output.append(unknown) }
    }
  }
}
