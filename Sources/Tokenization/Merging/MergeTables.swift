/// The tables of a vocabulary that merging reads, and nothing that counts references: copies of it are free.
/// Whoever makes one keeps the vocabulary.
struct MergeTables {
  let bytes: UnsafePointer<UInt8>
  let starts: UnsafePointer<UInt32>
  let pieces: PieceTable
  let neighbours: TokenNeighbours
  let tree: TokenTree
  let merged: UnsafePointer<UInt32>
  let byteTokens: UnsafePointer<UInt32>
  /// What stands for characters that cannot be written otherwise; `none` where they are left out.
  let unknown: UInt32
  let alphabet: TokenizerRules.Alphabet
  let isOrdered: Bool
  let fusesUnknown: Bool

  init(_ vocabulary: borrowing Vocabulary) {
    bytes = vocabulary.bytes
    starts = vocabulary.starts
    pieces = vocabulary.pieces
    neighbours = TokenNeighbours(tokens: vocabulary.tokens, pairs: vocabulary.pairs)
    tree = vocabulary.tree
    merged = vocabulary.merged
    byteTokens = vocabulary.byteTokens
    unknown = vocabulary.rules.unknown ?? VocabularyLayout.none
    alphabet = vocabulary.rules.alphabet
    isOrdered = vocabulary.rules.isOrdered
    fusesUnknown = vocabulary.rules.fusesUnknown
  }

  @inline(__always)
  func length(_ id: UInt32) -> Int { Int(starts[Int(id) &+ 1] &- starts[Int(id)]) }

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
