import Models

/// What a look-up reports: how the cache served a prompt, and why not better.
extension PromptCache {
  /// The reason why nothing is reused.
  package func missWithoutReuse(_ model: String, _ prompt: [Int32]) -> ReuseReport.Miss {
    let match = tree(model).match(prompt)
    return miss(model, prompt, reused: 0, common: match.length)
      ?? (tree(model).root.children.isEmpty ? .nothingHeld : .differs)
  }

  func kind(of held: HeldSequence, cut: Bool) -> ReuseReport.Kind {
    if held.isFromDisk { return .disk }
    if held.place.isOfDraft { return .typedAhead }
    let isOfRun = held.place == .answer || held.place == .history
    return cut || isOfRun || held.state.keepsEveryPosition ? .prefix : .snapshot
  }

  func miss(_ model: String, _ prompt: [Int32], reused: Int, common: Int) -> ReuseReport.Miss? {
    let lost = evicted.reduce(0) { most, entry in
      entry.model == model ? max(most, zip(entry.tokens, prompt).prefix { $0 == $1 }.count) : most
    }
    if lost > max(common, reused + 8) { return .evicted }
    if common > reused + SnapshotPlan.gap { return .noSnapshot(common: common) }
    if reused > 0, prompt.count > 2 * reused, let latest = latest(model), latest.depth > 2 * reused {
      return .differsAt(common)
    }
    return nil
  }

  /// The most recently used sequence.
  private func latest(_ model: String) -> Tree.Node? {
    trees[model]?.valuedNodes.max { ($0.value?.lastUse ?? 0) < ($1.value?.lastUse ?? 0) }
  }
}
