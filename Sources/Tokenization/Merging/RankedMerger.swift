/// Merges a row of tokens of any length by doing what the rule says: of all neighbours that merge, those whose
/// merge has the lowest number, of several the leftmost, until none do. A heap keeps the neighbours in that
/// order, so the time is n log n. For long rows that cannot be cut, and the measure that `BlockMerger` is held
/// against.
struct RankedMerger {
  private var next: [Int32] = []
  private var previous: [Int32] = []
  private var heap = MergeHeap()

  private static let dead = VocabularyLayout.none

  /// Merges `count` tokens of `row` in their place and adds what they become to `output`.
  mutating func merge(
    _ row: UnsafeMutablePointer<UInt32>, _ count: Int, _ tables: MergeTables, _ output: inout TokenBuffer
  ) {
    next.removeAll(keepingCapacity: true)
    previous.removeAll(keepingCapacity: true)
    heap.clear()
    for place in 0..<Int32(count) {
      next.append(place + 1)
      previous.append(place - 1)
    }
    for place in 0..<count { push(place, row, count, tables) }
    while let (rank, place) = heap.pop() {
      let made = tables.made(rank)
      guard made != VocabularyLayout.none, row[place] != Self.dead,
        rankAt(place, row, count, tables) == rank
      else { continue }
      let second = Int(next[place])
      row[place] = made
      row[second] = Self.dead
      next[place] = next[second]
      if Int(next[place]) < count { previous[Int(next[place])] = Int32(place) }
      push(place, row, count, tables)
      if previous[place] >= 0 { push(Int(previous[place]), row, count, tables) }
    }
    output.reserve(count)
    var place = 0
    while place < count {
      output.append(row[place])
      place = Int(next[place])
    }
  }

  /// The number of the merge of the token at a place with the next one.
  private func rankAt(
    _ place: Int, _ row: UnsafeMutablePointer<UInt32>, _ count: Int, _ tables: MergeTables
  ) -> UInt32 {
    let second = Int(next[place])
    return second < count ? tables.rank(row[place], row[second]) : PairTable.none
  }

  private mutating func push(
    _ place: Int, _ row: UnsafeMutablePointer<UInt32>, _ count: Int, _ tables: MergeTables
  ) {
    let rank = rankAt(place, row, count, tables)
    if rank != PairTable.none { heap.push(rank, place) }
  }
}

/// A binary heap of merges by number, then by place.
private struct MergeHeap {
  private var entries: [UInt64] = []

  mutating func clear() { entries.removeAll(keepingCapacity: true) }

  mutating func push(_ rank: UInt32, _ place: Int) {
    let entry = UInt64(rank) << 32 | UInt64(place)
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

  mutating func pop() -> (rank: UInt32, place: Int)? {
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
