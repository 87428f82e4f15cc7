/// The tables of a vocabulary that merging reads, and nothing that counts references: copies of it are free.
/// Whoever makes one keeps the vocabulary.
struct MergeTables {
  let bytes: UnsafePointer<UInt8>
  let starts: UnsafePointer<UInt32>
  let pieces: PieceTable
  let neighbours: TokenNeighbours
  let tree: TokenTree
  let merged: UnsafePointer<UInt32>
  let mergedCount: Int
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
    tree = vocabulary.tree
    merged = vocabulary.merged
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

  /// Whether `LongestMatchMerger` can encode a piece. Where a byte is left out, what stood around it meets and
  /// may merge, which only `RankedMerger` sees.
  @inline(__always)
  func canMatch(_ text: UnsafePointer<UInt8>, _ start: Int, _ limit: Int) -> Bool {
    guard lacksBytes else { return isOrdered }
    for place in start..<limit where missing.contains(text[place]) { return false }
    return isOrdered
  }

  /// The longest token of the tree that this one starts with; `none` if there is none, or if the tables lie.
  @inline(__always)
  func shorter(_ id: UInt32) -> UInt32 {
    let shorter = neighbours.tokens[Int(id)].shorter
    guard shorter < neighbours.tokenCount, length(shorter) < length(id) else { return VocabularyLayout.none }
    return shorter
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
