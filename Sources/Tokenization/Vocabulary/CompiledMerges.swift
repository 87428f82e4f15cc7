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
    switch draft.merges {
    case .none: break
    case .list(let list):
      guard list.count <= VocabularyLayout.maximumMerges else { throw Self.tooMany(list.count) }
      add(list)
    case .byNumber:
      made = (0..<UInt32(draft.count)).map { $0 }
      try addSplits(draft, mergeable) { $0 }
    case .byScore(let scores):
      // Best first; of equal scores the lower number, where llama.cpp would take the leftmost in the text.
      made = mergeable.sorted { a, b in
        let (scoreA, scoreB) = (scores[Int(a)], scores[Int(b)])
        return scoreA > scoreB || (!(scoreA < scoreB) && a < b)
      }
      var ranks = [UInt32](repeating: 0, count: draft.count)
      for (index, id) in made.enumerated() { ranks[Int(id)] = UInt32(index) }
      try addSplits(draft, mergeable) { ranks[Int($0)] }
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

  /// Merges that are listed, in their order.
  private mutating func add(_ list: [VocabularyDraft.Merge]) {
    left = list.map(\.left)
    right = list.map(\.right)
    made = list.map(\.made)
    rank = (0..<UInt32(truncatingIfNeeded: list.count)).map { $0 }
  }

  /// Every way to make every token of two others.
  private mutating func addSplits(
    _ draft: VocabularyDraft, _ mergeable: [UInt32], _ number: (UInt32) -> UInt32
  ) throws(TokenizerError) {
    draft.bytes.withUnsafeBufferPointer { bytes in
      for id in mergeable {
        let token = UnsafeBufferPointer(
          rebasing: bytes[Int(draft.starts[Int(id)])..<Int(draft.starts[Int(id) + 1])])
        // A second token with the same bytes is never made.
        guard token.count > 1, token.count <= Self.longestSplit, draft.find(token) == id else { continue }
        for middle in 1..<token.count {
          guard let merge = draft.merge(token, cutAt: middle) else { continue }
          left.append(merge.left)
          right.append(merge.right)
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
