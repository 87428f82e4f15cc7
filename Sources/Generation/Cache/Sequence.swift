import Models

/// A sequence's caches and its ledger: the exact token ids that the caches hold.
///
/// The two change together: `run` in `Generator` appends to both, `cut` shortens both.
final class Sequence {
  private(set) var state: SequenceState
  private(set) var ledger: [Int32] = []

  init(_ state: SequenceState) { self.state = state }

  /// Notes tokens that a forward pass has just appended to the caches.
  func append(_ tokens: some Swift.Sequence<Int32>) { ledger.append(contentsOf: tokens) }

  /// Keeps the first `length` tokens.
  /// - Returns: whether the caches can be cut back that far; if not, nothing changes.
  func cut(to length: Int) -> Bool {
    guard length < ledger.count else { return length == ledger.count }
    guard state.canTruncate(to: length) else { return false }
    state.truncate(to: length)
    ledger.removeLast(ledger.count - length)
    return true
  }
}

/// How much of a prompt the cache can give.
package enum Reuse: Equatable {
  /// The first so many tokens of the ledger stay.
  case prefix(Int)
  /// The sequence starts anew.
  case none

  /// Reuses the longest common prefix, but leaves at least one token to read: its logits are needed.
  package static func decide(ledger: [Int32], prompt: [Int32]) -> Reuse {
    let common = zip(ledger, prompt).prefix { $0 == $1 }.count
    let kept = min(common, prompt.count - 1)
    return kept > 0 ? .prefix(kept) : .none
  }
}
