import Foundation
import Models

/// The prompt cache of all models: one prefix tree of held sequences per model, within one memory budget.
///
/// A look-up costs one comparison per token; resuming costs a fork, which shares its memory. Not thread-safe; see
/// `SharedPromptCache`.
package final class PromptCache {
  package typealias Tree = PrefixTree<HeldSequence>

  /// The byte limit of all held sequences and the active one together.
  package let budget: Int
  /// Bytes held and reserved; shared blocks count once.
  package var heldBytes: Int { memory.bytes + reservedBytes }
  /// Bytes that the backends have allocated in advance for copies of held sequences.
  package private(set) var reservedBytes = 0
  private(set) var trees: [String: Tree] = [:]
  /// Advances with each look-up and each insertion.
  var clock = 0
  var memory = HeldMemory()
  /// The tokens of recently evicted sequences, latest last.
  private(set) var evicted: [(model: String, tokens: [Int32])] = []

  /// - Parameter budget: in bytes.
  package init(budget: Int) { self.budget = budget }

  // Look-up

  /// The state that a prompt resumes from.
  package struct Found {
    package var state: SequenceState
    /// The number of prompt tokens that it holds.
    package var length: Int
    /// The logits after the whole prompt, if nothing has to be prefilled.
    package var logits: [Float]?
    package var report: ReuseReport
  }

  /// The tree of a model's held sequences.
  package func tree(_ model: String) -> Tree {
    if let tree = trees[model] { return tree }
    let tree = Tree()
    trees[model] = tree
    return tree
  }

  /// Forks the sequence that leaves the fewest tokens of `prompt` to prefill. At least one token is left unless the
  /// logits after the last one are held.
  package func find(_ model: String, _ prompt: [Int32]) -> Found? {
    clock += 1
    let match = tree(model).match(prompt)
    guard let choice = choose(match, count: prompt.count), let held = choice.node.value else { return nil }
    held.lastUse = clock
    let state = held.state.fork()
    if choice.length < state.length { state.truncate(to: choice.length) }
    return Found(
      state: state, length: choice.length, logits: choice.length == prompt.count ? held.logits : nil,
      report: ReuseReport(
        kind: kind(of: held, cut: choice.length < choice.node.depth),
        miss: miss(model, prompt, reused: choice.length, common: match.length)))
  }

  /// The number of tokens of `beginning` that a longer prompt would reuse.
  package func reusable(_ model: String, _ beginning: [Int32]) -> Int {
    guard let tree = trees[model] else { return 0 }
    return choose(tree.match(beginning), count: beginning.count + 1)?.length ?? 0
  }

  private func choose(_ match: Tree.Match, count: Int) -> (node: Tree.Node, length: Int)? {
    var best: (node: Tree.Node, length: Int)?
    func offer(_ node: Tree.Node, _ length: Int) {
      if length > best?.length ?? 0 { best = (node, length) }
    }
    let wanted = min(match.length, count - 1)
    for node in match.passed.reversed() {
      guard let held = node.value else { continue }
      if node.depth < count {
        offer(node, node.depth)
        break
      }
      if held.logits != nil {
        offer(node, count)
      } else if held.state.canTruncate(to: wanted) {
        offer(node, wanted)
      }
    }
    if best?.length ?? 0 < wanted {
      match.end.forEach { node in
        guard let held = node.value, node.depth > wanted, held.state.canTruncate(to: wanted) else { return }
        offer(node, wanted)
      }
    }
    return best
  }

  /// The sequence held for exactly these tokens.
  package func held(_ model: String, _ tokens: [Int32]) -> HeldSequence? {
    guard let node = tree(model).match(tokens).passed.last, node.depth == tokens.count else { return nil }
    return node.value
  }

  // Insertion

  /// Inserts a state for `tokens` unless an existing one makes it redundant. Ancestors that it can be truncated to
  /// are removed, unless another session is saved with them.
  package func insert(_ model: String, _ tokens: [Int32], _ held: HeldSequence) {
    guard !tokens.isEmpty else { return }
    clock += 1
    held.lastUse = clock
    let tree = tree(model)
    switch held.place {
    case .draft, .answer: dropDrafts(tree) { $0.isOfDraft }
    case .rested: dropDrafts(tree) { $0 == .rested }
    default: break
    }
    if let known = equal(of: held, at: tokens, in: tree) {
      known.lastUse = clock
      known.sessions.formUnion(held.sessions)
      return
    }
    memory.add(held)
    let (node, replaced) = tree.insert(tokens, held)
    if let replaced {
      memory.remove(replaced)
      if !replaced.place.isOfDraft { held.sessions.formUnion(replaced.sessions) }
    }
    // A draft is removed when it is edited; its history stays.
    for ancestor in held.place.isOfDraft ? [] : node.valuedAncestors {
      guard let value = ancestor.value, held.state.canTruncate(to: ancestor.depth) else { continue }
      // A window can be truncated now, but no longer once the sequence has advanced.
      guard held.state.keepsEveryPosition || node.depth - ancestor.depth < SnapshotPlan.gap else { continue }
      value.sessions.subtract(held.sessions)
      guard value.sessions.isEmpty else { continue }
      memory.remove(value)
      tree.remove(ancestor)
    }
    evict(to: budget, sparing: held)
  }

  /// The existing state that makes a state for `tokens` redundant: the same tokens with logits, or a continuation in
  /// the same session that can always be truncated (such as a history that was prefilled after an answer that is
  /// generated again).
  private func equal(of held: HeldSequence, at tokens: [Int32], in tree: Tree) -> HeldSequence? {
    let match = tree.match(tokens)
    guard held.logits == nil, match.length == tokens.count else { return nil }
    var result: HeldSequence?
    match.end.forEach { node in
      guard let known = node.value else { return }
      let isSame = node.depth == tokens.count && known.logits != nil
      let goesOn =
        known.isOwned(bySessionsOf: held) && !known.place.isOfDraft && known.state.keepsEveryPosition
      if isSame || goesOn { result = known }
    }
    return result
  }

  /// Evicts until `bytes` more fit the budget, as far as possible.
  package func makeRoom(for bytes: Int) { evict(to: max(0, budget - bytes), sparing: nil) }

  /// Counts memory that is allocated in advance, in place of what was counted before, and evicts until it fits.
  /// - Returns: false for more than a quarter of the budget, which held sequences use better; nothing is reserved then.
  @discardableResult
  package func reserve(_ bytes: Int) -> Bool {
    let fits = bytes <= budget / 4
    reservedBytes = fits ? bytes : 0
    evict(to: budget, sparing: nil)
    return fits
  }

  /// Removes everything but the reserved memory.
  /// - Returns: the bytes that were freed. Blocks that an active sequence or a save shares are not.
  @discardableResult
  package func removeAll() -> Int {
    var evictedBlocks = EvictedBlocks()
    for tree in trees.values {
      for node in tree.valuedNodes { if let held = node.value { evictedBlocks.add(held) } }
    }
    memory = HeldMemory()
    trees.removeAll()
    evicted.removeAll()
    return evictedBlocks.freeBytes
  }

  /// Removes the states of drafts at the places that are stale.
  private func dropDrafts(_ tree: Tree, where isStale: (HeldSequence.Place) -> Bool) {
    for node in tree.valuedNodes {
      guard let value = node.value, isStale(value.place) else { continue }
      memory.remove(value)
      tree.remove(node)
    }
  }

  // Memory

  /// Evicts the least valuable sequences until at most `limit` bytes are held.
  private func evict(to limit: Int, sparing spared: HeldSequence?) {
    while heldBytes > limit {
      var worst: (value: Double, tree: Tree, node: Tree.Node, model: String)?
      for (model, tree) in trees {
        for node in tree.valuedNodes {
          guard let held = node.value, held !== spared else { continue }
          let value = value(of: held, at: node)
          if value < worst?.value ?? .infinity { worst = (value, tree, node, model) }
        }
      }
      guard let worst, let held = worst.node.value else { return }
      evicted.append((worst.model, worst.node.tokens))
      if evicted.count > 16 { evicted.removeFirst() }
      memory.remove(held)
      worst.tree.remove(worst.node)
    }
  }

  /// The value of keeping a sequence: tokens saved per byte freed, halved for every 24 clock ticks since its last
  /// use. A turn takes about three ticks.
  private func value(of held: HeldSequence, at node: Tree.Node) -> Double {
    let before = node.valuedAncestor?.depth ?? 0
    let age = Double(clock - held.lastUse)
    return Double(node.depth - before) / Double(max(held.ownBytes, 1)) * exp2(-age / 24)
  }
}
