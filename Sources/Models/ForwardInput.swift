import Compute

/// Tokens of one or more sequences for one forward pass, the rows of each sequence one after another.
public struct ForwardInput {
  /// All rows' token ids.
  public let tokens: [Int32]
  /// The sequences that the rows belong to, in order.
  public let sequences: [SequenceState]
  /// Rows of each sequence.
  public let counts: [Int]
  /// The rows whose logits are wanted.
  public let outputs: [Int]
  /// Position of each row in its sequence.
  public let positions: [Int32]
  /// Asked before each block with caches; when it says true, the pass ends there with `Interrupted` and the sequences are
  /// to be thrown away, since some of their layers have gone on and others have not.
  public var isInterrupted: (() -> Bool)?

  /// - Parameters: as the properties of the same names; positions follow from the sequences' lengths.
  public init(tokens: [Int32], sequences: [SequenceState], counts: [Int], outputs: [Int]) {
    self.tokens = tokens
    self.sequences = sequences
    self.counts = counts
    self.outputs = outputs
    var positions: [Int32] = []
    positions.reserveCapacity(tokens.count)
    for (sequence, count) in zip(sequences, counts) {
      let start = Int32(sequence.length)
      for i in 0..<Int32(count) { positions.append(start + i) }
    }
    self.positions = positions
  }

  /// One sequence; logits for the last token alone, or for all.
  public init(tokens: [Int32], sequence: SequenceState, allLogits: Bool = false) {
    let last = tokens.count - 1
    self.init(
      tokens: tokens, sequences: [sequence], counts: [tokens.count],
      outputs: allLogits ? Array(0...last) : [last])
  }

  /// The rows whose logits are wanted; what follows the last block that mixes positions sees only these.
  func selectOutputs(_ x: Tensor, on backend: any Backend) -> Tensor {
    outputs.count == x.rows ? x : backend.rows(x, outputs)
  }

  /// Lets the sequences' lengths go forward by this pass, which has succeeded.
  func advanceSequences() {
    for (sequence, count) in zip(sequences, counts) { sequence.advance(by: count) }
  }

  /// The sequences' caches of keys and values at a slot, in order.
  /// - Throws: `ModelError.foreignState` where there is another kind of cache.
  package func keyValueCaches(slot: Int) throws(ModelError) -> [any KeyValueCache] {
    try caches(slot) { $0 as? any KeyValueCache }
  }

  /// The sequences' recurrent states at a slot, in order.
  /// - Throws: `ModelError.foreignState` where there is another kind of cache.
  package func recurrentCaches(slot: Int) throws(ModelError) -> [any RecurrentCache] {
    try caches(slot) { $0 as? any RecurrentCache }
  }

  private func caches<Cache>(
    _ slot: Int, _ convert: (any LayerCache) -> Cache?
  ) throws(ModelError) -> [Cache] {
    try sequences.map { (sequence) throws(ModelError) in
      guard slot < sequence.layers.count, let cache = convert(sequence.layers[slot]) else {
        throw .foreignState(slot: slot)
      }
      return cache
    }
  }
}

/// Ends a forward pass that nobody waits for any more; the sequences that it was given are spoilt.
public struct Interrupted: Error {}
