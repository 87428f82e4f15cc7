/// Encodes a piece by doing what the rule says: of all neighbours that merge, those whose merge has the lowest
/// number, of several the leftmost, until none do. A heap keeps the neighbours in that order, so the time is
/// n log n. For vocabularies whose merges are out of order, which `LongestMatchMerger` cannot do, and the
/// measure that it is held against.
struct RankedMerger {
  private var tokens: [UInt32] = []
  private var next: [Int32] = []
  private var previous: [Int32] = []
  private var heap = MergeHeap()

  private static let dead = VocabularyLayout.none
  private static let unknown = VocabularyLayout.none - 1

  /// Encodes `text[start..<limit]` and adds the tokens to `output`.
  mutating func encode(
    _ text: UnsafePointer<UInt8>, _ start: Int, _ limit: Int, _ tables: MergeTables,
    _ output: inout TokenBuffer
  ) {
    // Places are numbered with 31 bits; a longer piece, of 2 GB, is cut.
    var start = start
    while limit - start > Int(Int32.max) {
      encode(text, start, start + Int(Int32.max) / 2, tables, &output)
      start += Int(Int32.max) / 2
    }
    let ends = split(text, start, limit, tables)
    merge(tables)
    let base = output.count
    output.reserve(limit - start)
    var index = 0
    while index < tokens.count {
      if tokens[index] == Self.unknown {
        let characterStart = start + (index == 0 ? 0 : Int(ends[index - 1]))
        let characterEnd = start + Int(ends[index])
        let character = UnsafeBufferPointer(
          start: text + characterStart, count: characterEnd - characterStart)
        tables.appendUnknown(character, to: &output, from: base)
        output.reserve(limit - characterEnd)
      } else {
        output.append(tokens[index])
      }
      index = Int(next[index])
    }
  }

  /// Fills `tokens` with what merging starts from; returns where each ends, from `start` on.
  private mutating func split(
    _ text: UnsafePointer<UInt8>, _ start: Int, _ limit: Int, _ tables: MergeTables
  ) -> [Int32] {
    tokens.removeAll(keepingCapacity: true)
    var ends: [Int32] = []
    var place = start
    while place < limit {
      let length = tables.alphabet == .bytes ? 1 : UTF8Text.length(startingWith: text[place])
      let end = min(place + length, limit)
      let id =
        tables.alphabet == .bytes
        ? tables.byteTokens[Int(text[place])]
        : tables.pieces.find(text + place, end - place, starts: tables.starts, bytes: tables.bytes)
      place = end
      // A byte that cannot be written at all is left out, so that its neighbours meet.
      if id == VocabularyLayout.none, tables.alphabet == .bytes, tables.unknown == VocabularyLayout.none {
        continue
      }
      tokens.append(id == VocabularyLayout.none ? Self.unknown : id)
      ends.append(Int32(place - start))
    }
    return ends
  }

  private mutating func merge(_ tables: MergeTables) {
    let count = tokens.count
    next = (0..<count).map { Int32($0 + 1) }
    previous = (0..<count).map { Int32($0 - 1) }
    heap.clear()
    for index in 0..<max(0, count - 1) { push(index, tables) }
    while let (rank, place) = heap.pop() {
      guard tokens[place] != Self.dead, rankAt(place, tables) == rank, Int(rank) < tables.mergedCount,
        tables.merged[Int(rank)] < tables.neighbours.tokenCount
      else { continue }
      let second = Int(next[place])
      tokens[place] = tables.merged[Int(rank)]
      tokens[second] = Self.dead
      next[place] = next[second]
      if Int(next[place]) < count { previous[Int(next[place])] = Int32(place) }
      push(place, tables)
      if previous[place] >= 0 { push(Int(previous[place]), tables) }
    }
  }

  /// The merge of the token at a place with the next one.
  private func rankAt(_ place: Int, _ tables: MergeTables) -> UInt32 {
    let second = Int(next[place])
    guard second < tokens.count, tokens[place] != Self.unknown, tokens[second] != Self.unknown else {
      return VocabularyLayout.none
    }
    return tables.neighbours.pairs.rank(tokens[place], tokens[second])
  }

  private mutating func push(_ place: Int, _ tables: MergeTables) {
    let rank = rankAt(place, tables)
    if rank != VocabularyLayout.none { heap.push(rank, place) }
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
