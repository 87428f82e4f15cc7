import Models

/// A sequence's caches and its ledger: the exact token ids that the caches hold. The two change together.
package struct Sequence {
  package private(set) var state: SequenceState
  package private(set) var ledger: [Int32]

  init(_ state: SequenceState, ledger: [Int32] = []) {
    self.state = state
    self.ledger = ledger
  }

  /// Goes on to `state`, which took in `tokens` behind this sequence's own.
  mutating func advance(to state: SequenceState, by tokens: some Swift.Sequence<Int32>) {
    self.state = state
    ledger.append(contentsOf: tokens)
  }
}
