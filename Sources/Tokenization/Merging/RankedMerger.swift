/// Byte-pair merging of a token sequence of any length: repeatedly merges the pair with the lowest rank, the
/// leftmost of equal ones. A heap orders the pairs, so the time is n log n. Used for long pieces that cannot
/// be split, and in tests as the reference for `BlockMerger`.
struct RankedMerger {
  private var next: [Int32] = []
  private var previous: [Int32] = []
  private var heap = MergeHeap()

  private static let dead = VocabularyLayout.none

  /// Merges the `count` tokens of `row` in place and appends the result to `output`.
  mutating func merge(
    _ row: UnsafeMutablePointer<UInt32>, _ count: Int, _ tables: MergeTables, _ output: inout TokenBuffer
  ) {
    next.removeAll(keepingCapacity: true)
    previous.removeAll(keepingCapacity: true)
    heap.clear()
    for position in 0..<Int32(count) {
      next.append(position + 1)
      previous.append(position - 1)
    }
    for position in 0..<count { push(position, row, count, tables) }
    while let (rank, position) = heap.pop() {
      let result = tables.result(ofMerge: rank)
      guard result != VocabularyLayout.none, row[position] != Self.dead,
        rankAt(position, row, count, tables) == rank
      else { continue }
      let second = Int(next[position])
      row[position] = result
      row[second] = Self.dead
      next[position] = next[second]
      if Int(next[position]) < count { previous[Int(next[position])] = Int32(position) }
      push(position, row, count, tables)
      if previous[position] >= 0 { push(Int(previous[position]), row, count, tables) }
    }
    output.reserve(count)
    var position = 0
    while position < count {
      output.append(row[position])
      position = Int(next[position])
    }
  }

  /// The rank of the merge of the token at a position with the next one.
  private func rankAt(
    _ position: Int, _ row: UnsafeMutablePointer<UInt32>, _ count: Int, _ tables: MergeTables
  ) -> UInt32 {
    let second = Int(next[position])
    return second < count ? tables.rank(row[position], row[second]) : PairTable.none
  }

  private mutating func push(
    _ position: Int, _ row: UnsafeMutablePointer<UInt32>, _ count: Int, _ tables: MergeTables
  ) {
    let rank = rankAt(position, row, count, tables)
    if rank != PairTable.none { heap.push(rank, position) }
  }
}

/// A binary heap of merges, ordered by rank and then by position.
private struct MergeHeap {
  private var entries: [UInt64] = []

  mutating func clear() { entries.removeAll(keepingCapacity: true) }

  mutating func push(_ rank: UInt32, _ position: Int) {
    let entry = UInt64(rank) << 32 | UInt64(position)
    entries.append(entry)
    var child = entries.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard entry < entries[parent] else { break }
      entries[child] = entries[parent]
      child = parent
    }
    entries[child] = entry
  }

  mutating func pop() -> (rank: UInt32, position: Int)? {
    guard let top = entries.first, let entry = entries.popLast() else { return nil }
    if !entries.isEmpty {
      var parent = 0
      while true {
        var child = parent * 2 + 1
        guard child < entries.count else { break }
        if child + 1 < entries.count, entries[child + 1] < entries[child] { child += 1 }
        guard entries[child] < entry else { break }
        entries[parent] = entries[child]
        parent = child
      }
      entries[parent] = entry
    }
    return (UInt32(truncatingIfNeeded: top >> 32), Int(top & 0xFFFF_FFFF))
  }
}
