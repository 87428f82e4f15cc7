/// What the prompt cache holds of one model.
public struct CacheHolding: Sendable, Equatable {
  /// The model's key.
  public var model: String
  /// States that can be taken up.
  public var sequences: Int
  /// Tokens in them; common ones count once.
  public var tokens: Int
  /// Bytes; what sequences share counts once.
  public var bytes: Int
  /// The sessions in which they were read.
  public var sessions: Set<String>
}

extension PromptCache {
  /// What is held, model by model.
  package func holdings() -> [CacheHolding] {
    trees.sorted { $0.key < $1.key }.compactMap { model, tree in
      let nodes = tree.valuedNodes
      guard !nodes.isEmpty else { return nil }
      var seen: [ObjectIdentifier: Int] = [:]
      for node in nodes { node.value?.forEachBlock { seen[ObjectIdentifier($0)] = $0.byteCount } }
      return CacheHolding(
        model: model, sequences: nodes.count, tokens: tree.tokenCount,
        bytes: seen.values.reduce(0, +), sessions: Set(nodes.compactMap { $0.value?.session }))
    }
  }
}
