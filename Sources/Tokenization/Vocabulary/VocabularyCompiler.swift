/// Compiles a `VocabularyDraft` into the tables of a `Vocabulary`. Costs about 100 nanoseconds for each token
/// with a list of merges, and a microsecond where merges are derived from the tokens' bytes.
struct VocabularyCompiler {
  let draft: VocabularyDraft
  let key: ContentKey
  /// The tokens that take part in merging, the shortest first.
  private(set) var mergeable: [UInt32] = []
  private var merges = CompiledMerges()
  private(set) var pairSlots: [UInt64] = []
  /// The resulting token for each rank; empty where the rank equals the token's id.
  private(set) var mergeTokens: [UInt32] = []
  private(set) var entries: [TokenEntry]
  /// Whether merging a token's own bytes produces that token.
  private(set) var isReachable: [Bool]
  private(set) var isOrdered = true

  /// The image of a vocabulary.
  /// - Parameter key: the hash of its sources.
  static func compile(
    _ draft: VocabularyDraft, key: ContentKey
  ) throws(TokenizerError) -> VocabularyImage {
    var draft = draft
    if draft.index.isEmpty { try draft.indexTokens() }
    var compiler = VocabularyCompiler(draft, key)
    try compiler.run()
    return compiler.image()
  }

  private init(_ draft: VocabularyDraft, _ key: ContentKey) {
    self.draft = draft
    self.key = key
    let none = VocabularyLayout.none
    entries = Array(
      repeating: TokenEntry(left: none, right: none, order: 0), count: draft.count)
    isReachable = Array(repeating: false, count: draft.count)
  }

  private mutating func run() throws(TokenizerError) {
    mergeable = Self.byLength(draft) { draft.traits[$0].contains(.mergeable) }
    merges = try CompiledMerges(draft, mergeable)
    pairSlots = PairTable.slots(count: merges.count) { merges[$0] }
    mergeTokens = merges.result
    findParts()
    if isOrdered { removeUnusedMerges() }
  }

  /// Removes merges that never happen. If the merges are in order, a token is always produced from the same
  /// two tokens: all merges within its bytes happen in the same order as when it is encoded alone.
  private mutating func removeUnusedMerges() {
    let result = mergeable.filter { entries[Int($0)].order > 0 }
      .sorted { entries[Int($0)].order < entries[Int($1)].order }
    // Ranks usually ascend with the ids of the resulting tokens; then the ids serve as ranks.
    if zip(result, result.dropFirst()).allSatisfy({ $0 < $1 }) {
      for id in result { entries[Int(id)].order = id + 1 }
      mergeTokens = []
    }
    pairSlots = PairTable.slots(count: result.count) { index in
      let entry = entries[Int(result[index])]
      return (entry.left, entry.right, entry.order - 1)
    }
  }

  /// Finds the merge that produces each token, if any.
  private mutating func findParts() {
    let (draft, merges, pairSlots) = (draft, merges, pairSlots)
    // Moved to local variables to be mutated in place.
    var (entries, isReachable) = (entries, isReachable)
    (self.entries, self.isReachable) = ([], [])
    entries.withUnsafeMutableBufferPointer { entries in
      pairSlots.withUnsafeBufferPointer { slots in
        guard let base = slots.baseAddress, let tokens = entries.baseAddress else { return }
        let neighbours = TokenNeighbours(
          tokens: UnsafePointer(tokens), tokenCount: UInt32(draft.count),
          pairs: PairTable(base, count: slots.count))
        draft.bytes.withUnsafeBufferPointer { bytes in
          for id in mergeable {
            let token = UnsafeBufferPointer(
              rebasing: bytes[Int(draft.starts[Int(id)])..<Int(draft.starts[Int(id) + 1])])
            // Of tokens with the same bytes only the first is produced.
            guard draft.find(token) == id else { continue }
            if !isBase(token) {
              guard
                let index = merges.producing(id).first(where: { index in
                  let merge = merges[index]
                  return isReachable[Int(merge.left)] && isReachable[Int(merge.right)]
                    && neighbours.canMerge(merge.left, merge.right)
                })
              else { continue }
              let (left, right, rank) = merges[index]
              if rank < max(entries[Int(left)].order, entries[Int(right)].order) { isOrdered = false }
              entries[Int(id)] = TokenEntry(left: left, right: right, order: rank + 1)
            }
            isReachable[Int(id)] = true
          }
        }
      }
    }
    (self.entries, self.isReachable) = (entries, isReachable)
  }

  /// Whether a token is an initial symbol: a byte or a character.
  private func isBase(_ token: UnsafeBufferPointer<UInt8>) -> Bool {
    guard let first = token.first else { return false }
    switch draft.rules.alphabet {
    case .bytes: return token.count == 1
    case .characters:
      return token.count == UTF8Text.length(startingWith: first) && UTF8Text.isCharacter(token)
    }
  }

  /// The ids of some tokens by length, the shortest first, of equal length the lowest first.
  static func byLength(_ draft: VocabularyDraft, where isIncluded: (Int) -> Bool) -> [UInt32] {
    let longest = 256
    func length(_ id: Int) -> Int { min(longest, Int(draft.starts[id + 1] - draft.starts[id])) }
    let ids = (0..<draft.count).filter(isIncluded)
    var positions = [Int](repeating: 0, count: longest + 2)
    for id in ids { positions[length(id) + 1] += 1 }
    for index in 1..<positions.count { positions[index] += positions[index - 1] }
    let firstLong = positions[longest]
    var sorted = [UInt32](repeating: 0, count: ids.count)
    for id in ids {
      sorted[positions[length(id)]] = UInt32(id)
      positions[length(id)] += 1
    }
    // The few very long ones are sorted by comparison.
    sorted[firstLong...].sort { a, b in
      let (lengthA, lengthB) = (draft.token(Int(a)).count, draft.token(Int(b)).count)
      return lengthA == lengthB ? a < b : lengthA < lengthB
    }
    return sorted
  }
}
