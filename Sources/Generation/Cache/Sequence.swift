import Models

/// A sequence's caches and its ledger, the token ids that the caches hold. The two change together.
package struct Sequence {
  package private(set) var state: SequenceState
  package private(set) var ledger: [Int32]

  init(_ state: SequenceState, ledger: [Int32] = []) {
    self.state = state
    self.ledger = ledger
  }

  /// Replaces the state by one that has processed `tokens` after this sequence's own.
  mutating func advance(to state: SequenceState, by tokens: some Swift.Sequence<Int32>) {
    self.state = state
    ledger.append(contentsOf: tokens)
  }
}
