/// Turns a `VocabularyDraft` into the tables of a `Vocabulary`. Costs about 100 nanoseconds a token with a
/// list of merges, and a microsecond where merges follow from the tokens' bytes.
struct VocabularyCompiler {
  private let draft: VocabularyDraft
  private let key: ContentKey
  /// The tokens that merging works on, the shortest first.
  private var mergeable: [UInt32] = []
  private var merges = CompiledMerges()
  private var pairSlots: [UInt64] = []
  private var entries: [TokenEntry]
  /// Whether merging makes each token of the token's own bytes.
  private var isReached: [Bool]
  private var isOrdered = true
  private var tree: TokenTreeBuilder

  /// The image of a vocabulary.
  /// - Parameter key: what its sources are.
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
      repeating: TokenEntry(left: none, right: none, order: 0, shorter: none), count: draft.count)
    isReached = Array(repeating: false, count: draft.count)
    tree = TokenTreeBuilder(tokenCount: draft.count, expected: draft.count * 2)
  }

  private mutating func run() throws(TokenizerError) {
    mergeable = Self.byLength(draft) { draft.traits[$0].contains(.mergeable) }
    merges = try CompiledMerges(draft, mergeable)
    pairSlots = PairTable.slots(count: merges.count) { merges[$0] }
    findParts()
  }

  /// Finds how merging makes each token, and whether it does; puts those that it makes into the tree.
  private mutating func findParts() {
    let none = VocabularyLayout.none
    draft.bytes.withUnsafeBufferPointer { bytes in
      for id in mergeable {
        let (start, end) = (Int(draft.starts[Int(id)]), Int(draft.starts[Int(id) + 1]))
        let token = UnsafeBufferPointer(rebasing: bytes[start..<end])
        guard isBase(token) || findParts(of: id) else { continue }
        guard let shorter = tree.add(id, token) else {
          // A second token with the same bytes; or a vocabulary too large for a tree.
          if tree.nodeCount + token.count > VocabularyLayout.maximumNodes { isOrdered = false }
          entries[Int(id)] = TokenEntry(left: none, right: none, order: 0, shorter: none)
          continue
        }
        entries[Int(id)].shorter = shorter
        isReached[Int(id)] = true
      }
    }
    if draft.rules.alphabet == .bytes, !hasAllBytes { isOrdered = false }
  }

  /// Whether merging starts with this token: a byte or a character.
  private func isBase(_ token: UnsafeBufferPointer<UInt8>) -> Bool {
    guard let first = token.first else { return false }
    switch draft.rules.alphabet {
    case .bytes: return token.count == 1
    case .characters:
      return token.count == UTF8Text.length(startingWith: first)
        && String(validating: token, as: UTF8.self) != nil
    }
  }

  /// Finds the merge that makes a token of its own bytes: of all that could, the one whose two parts come to
  /// stand side by side.
  private mutating func findParts(of id: UInt32) -> Bool {
    for index in merges.making(id) {
      let (left, right, rank) = merges[index]
      guard isReached[Int(left)], isReached[Int(right)], canForm(left, right) else { continue }
      entries[Int(id)] = TokenEntry(
        left: left, right: right, order: rank + 1, shorter: VocabularyLayout.none)
      if rank < max(entries[Int(left)].order, entries[Int(right)].order) { isOrdered = false }
      return true
    }
    return false
  }

  private func canForm(_ left: UInt32, _ right: UInt32) -> Bool {
    entries.withUnsafeBufferPointer { entries in
      pairSlots.withUnsafeBufferPointer { slots in
        guard let tokens = entries.baseAddress, let base = slots.baseAddress else { return false }
        return TokenNeighbours(tokens: tokens, pairs: PairTable(slots, base: base)).canForm(left, right)
      }
    }
  }

  private var hasAllBytes: Bool {
    var seen = [Bool](repeating: false, count: 256)
    for id in mergeable where isReached[Int(id)] {
      let token = draft.token(Int(id))
      if token.count == 1, let byte = token.first { seen[Int(byte)] = true }
    }
    return !seen.contains(false)
  }

  /// The numbers of some tokens, the shortest first, of equal length the lowest first.
  static func byLength(_ draft: VocabularyDraft, where isIncluded: (Int) -> Bool) -> [UInt32] {
    let longest = 256
    func length(_ id: Int) -> Int { min(longest, Int(draft.starts[id + 1] - draft.starts[id])) }
    let ids = (0..<draft.count).filter(isIncluded)
    var places = [Int](repeating: 0, count: longest + 2)
    for id in ids { places[length(id) + 1] += 1 }
    for index in 1..<places.count { places[index] += places[index - 1] }
    let firstLong = places[longest]
    var sorted = [UInt32](repeating: 0, count: ids.count)
    for id in ids {
      sorted[places[length(id)]] = UInt32(id)
      places[length(id)] += 1
    }
    // The few that are very long are compared.
    sorted[firstLong...].sort { a, b in
      let (lengthA, lengthB) = (draft.token(Int(a)).count, draft.token(Int(b)).count)
      return lengthA == lengthB ? a < b : lengthA < lengthB
    }
    return sorted
  }
}

// Writing it down.
extension VocabularyCompiler {
  private func image() -> VocabularyImage {
    var rules = draft.rules
    rules.isOrdered = isOrdered
    let isPiece = (0..<draft.count).map { id in
      draft.traits[id].contains(.mergeable) && (draft.takesWholePieces || isReached[id])
    }
    let (pieces, names) = tables(isPiece)
    let added = addedTree()
    var writer = VocabularyWriter()
    writer.add(.bytes, draft.bytes)
    writer.add(.starts, draft.starts)
    writer.add(.tokens, entries)
    writer.add(.traits, draft.traits.map(\.rawValue))
    writer.add(.pieces, pieces)
    writer.add(.names, names)
    writer.add(.pairs, pairSlots)
    writer.add(.merged, merges.made)
    writer.add(.edges, tree.slots)
    writer.add(.nodes, tree.longest)
    writer.add(.addedEdges, added.slots)
    writer.add(.addedNodes, added.longest)
    writer.add(.byteTokens, byteTokens())
    writer.add(.rules, rules.words)
    return writer.image(key: key)
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

  private func addedTree() -> TokenTreeBuilder {
    let added = Self.byLength(draft) { draft.traits[$0].contains(.added) }
    var tree = TokenTreeBuilder(tokenCount: draft.count, expected: added.count * 8)
    for id in added {
      draft.token(Int(id)).withUnsafeBufferPointer { token in
        // Only whole characters can be found in text without cutting one.
        if String(validating: token, as: UTF8.self) != nil { _ = tree.add(id, token) }
      }
    }
    return tree
  }

  /// The token of each byte: that of the byte's own, or the one written <0xXX>.
  private func byteTokens() -> [UInt32] {
    var tokens = [UInt32](repeating: VocabularyLayout.none, count: 256)
    for id in 0..<draft.count {
      let token = draft.token(id)
      if draft.traits[id].contains(.byte) {
        if let byte = Self.byte(named: token), tokens[Int(byte)] == VocabularyLayout.none {
          tokens[Int(byte)] = UInt32(id)
        }
      } else if draft.rules.alphabet == .bytes, isReached[id], token.count == 1, let byte = token.first {
        tokens[Int(byte)] = UInt32(id)
      }
    }
    return tokens
  }

  /// The byte that <0xXX> stands for.
  static func byte(named name: some Collection<UInt8>) -> UInt8? {
    guard name.count == 6, name.starts(with: "<0x".utf8), name.dropFirst(5).first == UInt8(ascii: ">") else {
      return nil
    }
    return UInt8(String(decoding: name.dropFirst(3).prefix(2), as: UTF8.self), radix: 16)
  }
}
