// The tries of added tokens.
extension VocabularyCompiler {
  private static let longestAdded = 4096

  /// The trie of the tokens that are matched in the original text, and that of the tokens that are matched
  /// in normalized text.
  func addedTries() -> (original: TokenTrieBuilder, normalized: TokenTrieBuilder) {
    let added = Self.byLength(draft) { draft.traits[$0].contains(.added) }
    let isNormalized = { (id: UInt32) in draft.traits[Int(id)].contains(.normalized) }
    let steps = Array(draft.rules.normalization.prefix(draft.rules.normalizerStepCount))
    var normalized = draft.characterMap.withUnsafeBytes { map in
      let normalizer = TextNormalizer(steps: steps, map: CharacterMap(map))
      return added.filter(isNormalized).map { ($0, normalizer.normalized(Array(draft.token(Int($0))))) }
    }
    normalized.sort { $0.1.count < $1.1.count }
    return (
      trie(added.filter { !isNormalized($0) }.map { ($0, Array(draft.token(Int($0)))) }), trie(normalized)
    )
  }

  /// - Parameter tokens: the shortest text first.
  private func trie(_ tokens: [(id: UInt32, text: [UInt8])]) -> TokenTrieBuilder {
    var trie = TokenTrieBuilder(tokenCount: draft.count, expected: tokens.count * 8)
    for (id, text) in tokens {
      text.withUnsafeBufferPointer { text in
        // Only whole characters can be matched in text without splitting one. A very long token would make
        // every match attempt as long.
        guard !text.isEmpty, text.count <= Self.longestAdded, trie.hasRoom(text.count),
          String(validating: text, as: UTF8.self) != nil
        else { return }
        trie.add(id, text)
      }
    }
    return trie
  }
}
