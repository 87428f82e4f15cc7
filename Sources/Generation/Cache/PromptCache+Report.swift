/// The prompt cache's content for one model.
public struct CacheHolding: Sendable, Equatable {
  /// The model's key.
  public var model: String
  /// The number of held states.
  public var sequences: Int
  /// The number of tokens; common prefixes count once.
  public var tokens: Int
  /// Bytes; shared blocks count once.
  public var bytes: Int
  /// The sessions that the states belong to.
  public var sessions: Set<String>
}

extension PromptCache {
  /// The content, by model.
  package func holdings() -> [CacheHolding] {
    trees.sorted { $0.key < $1.key }.compactMap { model, tree in
      let nodes = tree.valuedNodes
      guard !nodes.isEmpty else { return nil }
      var seen: [ObjectIdentifier: Int] = [:]
      for node in nodes { node.value?.forEachBlock { seen[ObjectIdentifier($0)] = $0.byteCount } }
      return CacheHolding(
        model: model, sequences: nodes.count, tokens: tree.tokenCount,
        bytes: seen.values.reduce(0, +),
        sessions: nodes.reduce(into: []) { $0.formUnion($1.value?.sessions ?? []) })
    }
  }
}
