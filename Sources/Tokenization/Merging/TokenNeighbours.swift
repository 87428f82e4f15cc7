/// Whether two tokens can stand side by side in the encoding of a text.
///
/// Merging replaces, again and again, the pair of neighbours whose merge has the lowest number, of several
/// the leftmost. Two neighbours in the result were built up by merges of their own, and no merge across the
/// border between them came in between. That depends on the two alone: until something merges across a
/// border, each side merges as if the other were not there. Hence a row of tokens is the encoding of its
/// text exactly if each of them is the encoding of its own bytes and every two neighbours pass this test;
/// and as merging has one result, there is only one such row. `BlockMerger` puts it together from
/// shorter ones.
struct TokenNeighbours {
  let tokens: UnsafePointer<TokenEntry>
  let tokenCount: UInt32
  let pairs: PairTable

  /// No token has more bytes between its parts than this; it ends the walk in tables that lie.
  private static let mostSteps = 4096

  /// Whether no merge comes across the border of `left` and `right` while they are built. Undoes their merges
  /// on the two sides of the border, the latest first; a merge across the border that is earlier than the
  /// undone one, or at its place in the queue, would have come before it.
  ///
  /// Requires that each token's merge comes after those of its parts (`TokenizerRules.isOrdered`), and numbers
  /// below `tokenCount`. Costs a lookup for each merge undone, three or four as a rule.
  @inline(__always)
  func canStand(_ left: UInt32, _ right: UInt32) -> Bool {
    let rank = pairs.rank(left, right)
    return rank == PairTable.none && canForm(left, right)
  }

  /// The same, but for a merge of the two tokens as they are, which may come.
  func canForm(_ left: UInt32, _ right: UInt32) -> Bool {
    var (left, right) = (left, right)
    var (leftEntry, rightEntry) = (tokens[Int(left)], tokens[Int(right)])
    for _ in 0..<Self.mostSteps {
      // Merges across the border with a number below this one come first.
      let limit: UInt32
      if leftEntry.order > rightEntry.order {
        // Of merges with the same number the left one is first, which is the one inside the left token.
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
      // `none` is beyond every limit.
      if pairs.rank(left, right) < limit { return false }
    }
    return false
  }
}
