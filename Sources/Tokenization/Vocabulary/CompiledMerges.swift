/// All merges of a vocabulary, numbered, and for each token those that make it.
struct CompiledMerges {
  private var left: [UInt32] = []
  private var right: [UInt32] = []
  private var rank: [UInt32] = []
  /// The merges sorted by the token that they make, and where each token's start.
  private var byMade: [UInt32] = []
  private var starts: [UInt32] = []
  /// The token that each number of a merge makes.
  private(set) var made: [UInt32] = []

  init() {}

  /// - Parameter mergeable: the tokens that merge, the shortest first.
  init(_ draft: VocabularyDraft, _ mergeable: [UInt32]) throws(TokenizerError) {
    let slots = Self.table(draft, mergeable)
    switch draft.merges {
    case .none: break
    case .list(let pairs):
      guard pairs.count <= VocabularyLayout.maximumMerges else { throw Self.tooMany(pairs.count) }
      add(pairs, draft, slots)
    case .byNumber:
      made = (0..<UInt32(draft.count)).map { $0 }
      try addSplits(draft, mergeable, slots) { $0 }
    case .byScore(let scores):
      // Best first; of equal scores the lower number, where llama.cpp would take the leftmost in the text.
      made = mergeable.sorted { a, b in
        let (scoreA, scoreB) = (scores[Int(a)], scores[Int(b)])
        return scoreA > scoreB || (!(scoreA < scoreB) && a < b)
      }
      var ranks = [UInt32](repeating: 0, count: draft.count)
      for (index, id) in made.enumerated() { ranks[Int(id)] = UInt32(index) }
      try addSplits(draft, mergeable, slots) { ranks[Int($0)] }
    }
    sort(draft.count)
  }

  var count: Int { left.count }

  subscript(index: Int) -> (left: UInt32, right: UInt32, rank: UInt32) {
    (left[index], right[index], rank[index])
  }

  /// The merges that make a token.
  func making(_ id: UInt32) -> LazyMapSequence<ArraySlice<UInt32>, Int> {
    byMade[Int(starts[Int(id)])..<Int(starts[Int(id) + 1])].lazy.map { Int($0) }
  }

  private static func tooMany(_ count: Int) -> TokenizerError {
    TokenizerError("the vocabulary has \(count) merges; Sotto reads up to \(VocabularyLayout.maximumMerges)")
  }

  private static func table(_ draft: VocabularyDraft, _ mergeable: [UInt32]) -> [UInt32] {
    draft.bytes.withUnsafeBufferPointer { bytes in
      draft.starts.withUnsafeBufferPointer { starts in
        guard let bytes = bytes.baseAddress, let starts = starts.baseAddress else { return [] }
        return PieceTable.slots(for: mergeable, starts: starts, bytes: bytes)
      }
    }
  }

  /// Merges that are listed. One whose result is no token cannot be, and is left out.
  private mutating func add(
    _ pairs: [(left: UInt32, right: UInt32)], _ draft: VocabularyDraft, _ slots: [UInt32]
  ) {
    left.reserveCapacity(pairs.count)
    right.reserveCapacity(pairs.count)
    rank.reserveCapacity(pairs.count)
    made.reserveCapacity(pairs.count)
    withTable(draft, slots) { table, starts, bytes in
      var both: [UInt8] = []
      for pair in pairs {
        let (start, middle) = (Int(starts[Int(pair.left)]), Int(starts[Int(pair.left) + 1]))
        let (second, end) = (Int(starts[Int(pair.right)]), Int(starts[Int(pair.right) + 1]))
        both.removeAll(keepingCapacity: true)
        both.append(contentsOf: UnsafeBufferPointer(start: bytes + start, count: middle - start))
        both.append(contentsOf: UnsafeBufferPointer(start: bytes + second, count: end - second))
        let id = both.withUnsafeBufferPointer { both in
          both.baseAddress.map { table.find($0, both.count, starts: starts, bytes: bytes) }
        }
        guard let id, id != VocabularyLayout.none, middle > start, end > second else { continue }
        left.append(pair.left)
        right.append(pair.right)
        rank.append(UInt32(made.count))
        made.append(id)
      }
    }
  }

  /// Every way to make every token of two others.
  private mutating func addSplits(
    _ draft: VocabularyDraft, _ mergeable: [UInt32], _ slots: [UInt32], _ number: (UInt32) -> UInt32
  ) throws(TokenizerError) {
    withTable(draft, slots) { table, starts, bytes in
      for id in mergeable {
        let (start, end) = (Int(starts[Int(id)]), Int(starts[Int(id) + 1]))
        // A second token with the same bytes is never made.
        guard end - start > 1, end - start <= Self.longestSplit,
          table.find(bytes + start, end - start, starts: starts, bytes: bytes) == id
        else { continue }
        for middle in (start + 1)..<end {
          let first = table.find(bytes + start, middle - start, starts: starts, bytes: bytes)
          guard first != VocabularyLayout.none else { continue }
          let second = table.find(bytes + middle, end - middle, starts: starts, bytes: bytes)
          guard second != VocabularyLayout.none else { continue }
          left.append(first)
          right.append(second)
          rank.append(number(id))
        }
        if count > Self.mostSplits { return }
      }
    }
    guard count <= Self.mostSplits else { throw Self.tooMany(count) }
  }

  /// What keeps a hostile vocabulary from filling the memory; real ones have up to a million.
  private static let mostSplits = 8_000_000
  /// Splitting takes the square of a token's length. Longer tokens are found as whole pieces only.
  private static let longestSplit = 256

  private func withTable(
    _ draft: VocabularyDraft, _ slots: [UInt32],
    _ body: (PieceTable, UnsafePointer<UInt32>, UnsafePointer<UInt8>) -> Void
  ) {
    draft.bytes.withUnsafeBufferPointer { bytes in
      draft.starts.withUnsafeBufferPointer { starts in
        slots.withUnsafeBufferPointer { slots in
          guard let bytes = bytes.baseAddress, let starts = starts.baseAddress, let base = slots.baseAddress
          else { return }
          body(PieceTable(slots, base: base), starts, bytes)
        }
      }
    }
  }

  /// Sorts by the token made, keeping the order of those that make the same.
  private mutating func sort(_ tokenCount: Int) {
    starts = [UInt32](repeating: 0, count: tokenCount + 1)
    for index in 0..<count { starts[Int(made[Int(rank[index])]) + 1] += 1 }
    for index in 0..<tokenCount { starts[index + 1] += starts[index] }
    var places = starts
    byMade = [UInt32](repeating: 0, count: count)
    for index in 0..<count {
      let id = Int(made[Int(rank[index])])
      byMade[Int(places[id])] = UInt32(index)
      places[id] += 1
    }
  }
}
