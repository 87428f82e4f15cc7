/// Decides whether two tokens can be neighbours in the encoding of a text.
///
/// Byte-pair merging repeatedly merges the adjacent pair with the lowest rank, the leftmost of equal ones.
/// Two neighbouring tokens of the result were each built by merges of their own, and no merge crossed the
/// border between them. Whether one would have crossed depends only on these two tokens: until a merge
/// crosses a border, each side merges as if the other were absent. Hence a token sequence is the encoding of
/// its text exactly if each token is the encoding of its own bytes and every two neighbours pass this test;
/// because merging is deterministic, there is exactly one such sequence. `BlockMerger` builds it from the
/// encodings of blocks.
struct TokenNeighbours {
  let tokens: UnsafePointer<TokenEntry>
  let tokenCount: UInt32
  let pairs: PairTable

  /// Bounds the loop for damaged tables; no token is built by more merges than this on one side.
  private static let mostSteps = 4096

  /// Whether no merge crosses the border between `left` and `right` while they are built. Undoes the merges
  /// on both sides of the border, the latest first; a merge across the border with a lower rank than the one
  /// undone, or the same rank and an earlier position, would have happened first.
  ///
  /// Requires that each token's merge has a higher rank than those of its parts (`TokenizerRules.isOrdered`),
  /// and ids below `tokenCount`. Costs one lookup for each merge undone, typically three or four.
  @inline(__always)
  func areCompatible(_ left: UInt32, _ right: UInt32) -> Bool {
    let rank = pairs.rank(left, right)
    return rank == PairTable.none && canMerge(left, right)
  }

  /// The same, except that the two finished tokens may merge with each other.
  func canMerge(_ left: UInt32, _ right: UInt32) -> Bool {
    var (left, right) = (left, right)
    var (leftEntry, rightEntry) = (tokens[Int(left)], tokens[Int(right)])
    for _ in 0..<Self.mostSteps {
      // A merge across the border with a rank below this one happens first.
      let limit: UInt32
      if leftEntry.order > rightEntry.order {
        // Of merges with equal rank the leftmost happens first, which is the one inside the left token.
        limit = leftEntry.order &- 1
        left = leftEntry.right
        guard left < tokenCount else { return true }
        leftEntry = tokens[Int(left)]
      } else if rightEntry.order > 0 {
        limit = rightEntry.order
        right = rightEntry.left
        guard right < tokenCount else { return true }
        rightEntry = tokens[Int(right)]
      } else {
        return true
      }
      // `none` is greater than every limit.
      if pairs.rank(left, right) < limit { return false }
    }
    return false
  }
}
