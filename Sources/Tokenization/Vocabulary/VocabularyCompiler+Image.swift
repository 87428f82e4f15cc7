// Writing the image.
extension VocabularyCompiler {
  func image() -> VocabularyImage {
    var rules = draft.rules
    rules.isOrdered = isOrdered
    if rules.alphabet == .characters, rules.preTokenization.isEmpty, rules.segmentation != .unigramInSingle {
      // No token crosses such a border, so splitting there changes no result and lets words hit the piece
      // table; but the rounding of sums depends on the text before it.
      rules.preTokenization = [.metaspaceRuns(joined: bytesBeforeMetaspace)]
    }
    let isPiece = (0..<draft.count).map { id in
      draft.traits[id].contains(.mergeable) && (draft.ignoresMerges || isReachable[id])
    }
    let (pieces, names) = tables(isPiece)
    let (added, normalizedAdded) = addedTries()
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
    writer.add(.normalizedEdges, normalizedAdded.slots)
    writer.add(.pieceEdges, pieceTrie().slots)
    writer.add(.scores, scores())
    writer.add(.byteTokens, byteTokens)
    writer.add(.characterMap, draft.characterMap)
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

  /// The trie of all tokens by their bytes; empty for a vocabulary with merges.
  private func pieceTrie() -> TokenTrieBuilder {
    guard draft.rules.segmentation != .merges else {
      return TokenTrieBuilder(tokenCount: draft.count, expected: 0)
    }
    var trie = TokenTrieBuilder(tokenCount: draft.count, expected: draft.bytes.count / 2, isBytewise: true)
    for id in mergeable {
      draft.token(Int(id)).withUnsafeBufferPointer { token in
        if !token.isEmpty, trie.hasRoom(token.count) { trie.add(id, token) }
      }
    }
    return trie
  }

  /// The scores of a unigram model, and that of an unknown character: as in SentencePiece, 10 below the lowest, or PLaMo's.
  private func scores() -> [Double] {
    guard draft.scores.count == draft.count else { return [] }
    switch draft.rules.segmentation {
    case .unigram, .unigramInSingle:
      return draft.scores + [(mergeable.lazy.map { draft.scores[Int($0)] }.min() ?? 0) - 10]
    case .unigramFromEnd: return draft.scores + [PLaMoReader.unknownScore]
    case .merges, .longest: return []
    }
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
