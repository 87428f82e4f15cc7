/// All merges of a vocabulary with their ranks, indexed by the token that they produce.
struct CompiledMerges {
  private var left: [UInt32] = []
  private var right: [UInt32] = []
  private var rank: [UInt32] = []
  /// The merges sorted by resulting token, and where each token's merges start.
  private var byMade: [UInt32] = []
  private var starts: [UInt32] = []
  /// The resulting token for each rank.
  private(set) var result: [UInt32] = []

  init() {}

  /// - Parameter mergeable: the tokens that take part in merging, the shortest first.
  init(_ draft: VocabularyDraft, _ mergeable: [UInt32]) throws(TokenizerError) {
    switch draft.merges {
    case .none: break
    case .list(let list):
      guard list.count <= VocabularyLayout.maximumMerges else { throw Self.tooMany(list.count) }
      add(list)
    case .byNumber:
      result = (0..<UInt32(draft.count)).map { $0 }
      try addSplits(draft, mergeable) { $0 }
    case .byScore(let scores):
      // Highest score first; of equal scores the lower id, where llama.cpp takes the leftmost in the text.
      result = mergeable.sorted { a, b in
        let (scoreA, scoreB) = (scores[Int(a)], scores[Int(b)])
        return scoreA > scoreB || (!(scoreA < scoreB) && a < b)
      }
      var ranks = [UInt32](repeating: 0, count: draft.count)
      for (index, id) in result.enumerated() { ranks[Int(id)] = UInt32(index) }
      try addSplits(draft, mergeable) { ranks[Int($0)] }
    }
    sort(draft.count)
  }

  var count: Int { left.count }

  subscript(index: Int) -> (left: UInt32, right: UInt32, rank: UInt32) {
    (left[index], right[index], rank[index])
  }

  /// The merges that produce a token.
  func producing(_ id: UInt32) -> LazyMapSequence<ArraySlice<UInt32>, Int> {
    byMade[Int(starts[Int(id)])..<Int(starts[Int(id) + 1])].lazy.map { Int($0) }
  }

  private static func tooMany(_ count: Int) -> TokenizerError {
    TokenizerError(
      "the vocabulary has \(count) merges; Sotto supports up to \(VocabularyLayout.maximumMerges)")
  }

  /// Merges from a list, ranked by their order.
  private mutating func add(_ list: [VocabularyDraft.Merge]) {
    left = list.map(\.left)
    right = list.map(\.right)
    result = list.map(\.result)
    rank = (0..<UInt32(truncatingIfNeeded: list.count)).map { $0 }
  }

  /// Every split of every token into two tokens.
  private mutating func addSplits(
    _ draft: VocabularyDraft, _ mergeable: [UInt32], _ number: (UInt32) -> UInt32
  ) throws(TokenizerError) {
    draft.bytes.withUnsafeBufferPointer { bytes in
      for id in mergeable {
        let token = UnsafeBufferPointer(
          rebasing: bytes[Int(draft.starts[Int(id)])..<Int(draft.starts[Int(id) + 1])])
        // Of tokens with the same bytes only the first is produced.
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

  /// Limits the memory that a hostile vocabulary can use; real ones have up to a million.
  private static let mostSplits = 8_000_000
  /// Splitting is quadratic in a token's length. Longer tokens match only as whole pieces.
  private static let longestSplit = 256

  /// A stable counting sort by resulting token.
  private mutating func sort(_ tokenCount: Int) {
    starts = [UInt32](repeating: 0, count: tokenCount + 1)
    for index in 0..<count { starts[Int(result[Int(rank[index])]) + 1] += 1 }
    for index in 0..<tokenCount { starts[index + 1] += starts[index] }
    var positions = starts
    byMade = [UInt32](repeating: 0, count: count)
    for index in 0..<count {
      let id = Int(result[Int(rank[index])])
      byMade[Int(positions[id])] = UInt32(index)
      positions[id] += 1
    }
  }
}
