/// Compiles a `VocabularyDraft` into the tables of a `Vocabulary`. Costs about 100 nanoseconds for each token
/// with a list of merges, and a microsecond where merges are derived from the tokens' bytes.
struct VocabularyCompiler {
  private let draft: VocabularyDraft
  private let key: ContentKey
  /// The tokens that take part in merging, the shortest first.
  private var mergeable: [UInt32] = []
  private var merges = CompiledMerges()
  private var pairSlots: [UInt64] = []
  /// The resulting token for each rank; empty where the rank equals the token's id.
  private var mergeTokens: [UInt32] = []
  private var entries: [TokenEntry]
  /// Whether merging a token's own bytes produces that token.
  private var isReachable: [Bool]
  private var isOrdered = true

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

// Writing the image.
extension VocabularyCompiler {
  private func image() -> VocabularyImage {
    var rules = draft.rules
    rules.isOrdered = isOrdered
    if rules.alphabet == .characters, rules.preTokenization.isEmpty {
      // No merge crosses such a border, so splitting there changes no result and lets words hit the piece
      // table.
      rules.preTokenization = [.metaspaceRuns(joined: bytesBeforeMetaspace)]
    }
    let isPiece = (0..<draft.count).map { id in
      draft.traits[id].contains(.mergeable) && (draft.ignoresMerges || isReachable[id])
    }
    let (pieces, names) = tables(isPiece)
    let added = addedTrie()
    let byteTokens = byteTokens()
    var writer = VocabularyWriter()
    writer.add(.bytes, draft.bytes)
    writer.add(.starts, draft.starts)
    writer.add(.tokens, entries)
    writer.add(.traits, draft.traits.map(\.rawValue))
    writer.add(.pieces, pieces)
    writer.add(.names, names)
    writer.add(.pairs, pairSlots)
    writer.add(.merged, mergeTokens)
    writer.add(.bytePairs, bytePairs(byteTokens))
    writer.add(.addedEdges, added.slots)
    writer.add(.byteTokens, byteTokens)
    writer.add(.rules, rules.serialized)
    return writer.image(key: key)
  }

  /// The bytes that precede a ▁ within a token, except those of another ▁.
  private var bytesBeforeMetaspace: ByteSet {
    var found = ByteSet()
    for id in mergeable {
      let token = Array(draft.token(Int(id)))
      var wasMark = false
      var position = 0
      while position < token.count {
        let isMark = token[position...].starts(with: Metaspace.bytes)
        if isMark, position > 0, !wasMark { found.insert(token[position - 1]) }
        wasMark = isMark
        position += isMark ? Metaspace.bytes.count : 1
      }
    }
    return found
  }

  private func tables(_ isPiece: [Bool]) -> (pieces: [UInt32], names: [UInt32]) {
    let all = 0..<UInt32(draft.count)
    return draft.withTables { starts, bytes in
      (
        PieceTable.slots(for: all.filter { isPiece[Int($0)] }, starts: starts, bytes: bytes),
        PieceTable.slots(for: all.filter { !isPiece[Int($0)] }, starts: starts, bytes: bytes)
      )
    } ?? ([], [])
  }

  private static let longestAdded = 4096

  private func addedTrie() -> TokenTrieBuilder {
    let added = Self.byLength(draft) { draft.traits[$0].contains(.added) }
    var tree = TokenTrieBuilder(tokenCount: draft.count, expected: added.count * 8)
    for id in added {
      draft.token(Int(id)).withUnsafeBufferPointer { token in
        // Only whole characters can be matched in text without splitting one. A very long token would make
        // every match attempt as long.
        guard !token.isEmpty, token.count <= Self.longestAdded, tree.hasRoom(token.count),
          String(validating: token, as: UTF8.self) != nil
        else { return }
        tree.add(id, token)
      }
    }
    return tree
  }

  /// The token of each byte: the single-byte token, or the one written <0xXX>.
  private func byteTokens() -> [UInt32] {
    var tokens = [UInt32](repeating: VocabularyLayout.none, count: 256)
    for id in 0..<draft.count {
      let token = draft.token(id)
      if draft.traits[id].contains(.byte) {
        if let byte = Self.byte(named: token), tokens[Int(byte)] == VocabularyLayout.none {
          tokens[Int(byte)] = UInt32(id)
        }
      } else if draft.rules.alphabet == .bytes, isReachable[id], token.count == 1, let byte = token.first {
        tokens[Int(byte)] = UInt32(id)
      }
    }
    return tokens
  }

  /// The ranks of the merges of every two bytes.
  private func bytePairs(_ byteTokens: [UInt32]) -> [UInt32] {
    var ranks = [UInt32](repeating: PairTable.none, count: 1 << 16)
    guard draft.rules.alphabet == .bytes else { return ranks }
    pairSlots.withUnsafeBufferPointer { slots in
      guard let base = slots.baseAddress else { return }
      let pairs = PairTable(base, count: slots.count)
      for index in ranks.indices {
        ranks[index] = pairs.rank(byteTokens[index >> 8], byteTokens[index & 0xFF])
      }
    }
    return ranks
  }

  /// The byte that <0xXX> represents.
  static func byte(named name: some Collection<UInt8>) -> UInt8? {
    guard name.count == 6, name.starts(with: "<0x".utf8), name.dropFirst(5).first == UInt8(ascii: ">") else {
      return nil
    }
    return UInt8(String(decoding: name.dropFirst(3).prefix(2), as: UTF8.self), radix: 16)
  }
}
