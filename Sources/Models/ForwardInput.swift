import Compute

/// The tokens of one forward pass, of one or more sequences. The rows of a sequence are consecutive.
public struct ForwardInput {
  /// Token ids of all rows.
  public internal(set) var tokens: Tokens
  /// The sequences that the rows belong to, in order.
  public let sequences: [SequenceState]
  /// The number of rows of each sequence.
  public let counts: [Int]
  /// Indices of the rows whose logits are requested.
  public let outputs: [Int]
  /// Position of each row in its sequence.
  public let positions: [Int32]
  /// What each layer receives of the tokens besides the residual stream: [rows, layers * width] (Gemma 3n and 4). Set by
  /// the decoder.
  var perLayer: Tensor?
  /// Called before each block with caches. If it returns true, the pass throws `Interrupted`; some caches have then
  /// advanced and others have not.
  public var isInterrupted: (() -> Bool)?
  /// Whether attention treats every row as in a pass of its own, so that the results are those of decoding, not of a
  /// prefill; see `AttentionSettings.rowsAreSteps`.
  public var rowsAreSteps = false
  /// Whether attention computes the rows of a prompt such that its division into passes does not affect the results: it
  /// depends on what caches hold and on other requests. See `AttentionSettings.isPrefill`.
  public var isPrefill = false
  /// The number of tokens, the first of the vocabulary, whose logits are needed; nil for all. The result may have more.
  package var vocabularyLimit: Int?
  /// Receives the hidden states of all rows; nil if they are not needed.
  package var hiddenStates: HiddenStates?

  /// - Parameters: see the properties; positions start at each sequence's length.
  public init(tokens: Tokens, sequences: [SequenceState], counts: [Int], outputs: [Int]) {
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

  /// Token ids that are known on the host.
  public init(tokens: [Int32], sequences: [SequenceState], counts: [Int], outputs: [Int]) {
    self.init(tokens: Tokens(tokens), sequences: sequences, counts: counts, outputs: outputs)
  }

  /// One sequence, with logits for the last token only or for all tokens.
  public init(tokens: [Int32], sequence: SequenceState, allLogits: Bool = false) {
    self.init(tokens: Tokens(tokens), sequence: sequence, allLogits: allLogits)
  }

  /// One sequence, with logits for the last token only or for all tokens.
  public init(tokens: Tokens, sequence: SequenceState, allLogits: Bool = false) {
    let last = tokens.count - 1
    self.init(
      tokens: tokens, sequences: [sequence], counts: [tokens.count],
      outputs: allLogits ? Array(0...last) : [last])
  }

  /// The rows whose logits are requested. Everything after the last block with caches computes only these.
  func selectOutputs(_ x: Tensor, on backend: any Backend) -> Tensor {
    outputs.count == x.rows ? x : backend.rows(x, outputs)
  }

  /// Whether it is a decoding pass: one row for each sequence, with its logits.
  package var isStep: Bool {
    isInterrupted == nil && counts.allSatisfy { $0 == 1 }
      && outputs.elementsEqual(0..<sequences.count)
  }

  /// Advances the sequences' lengths after a successful pass.
  func advanceSequences() {
    for (sequence, count) in zip(sequences, counts) { sequence.advance(by: count) }
  }

  /// The key-value cache of each sequence at a slot.
  /// - Throws: `ModelError.foreignState` if the slot has another kind of cache.
  package func keyValueCaches(slot: Int) throws(ModelError) -> [any KeyValueCache] {
    try caches(slot) { $0 as? any KeyValueCache }
  }

  /// The recurrent cache of each sequence at a slot.
  /// - Throws: `ModelError.foreignState` if the slot has another kind of cache.
  package func recurrentCaches(slot: Int) throws(ModelError) -> [any RecurrentCache] {
    try caches(slot) { $0 as? any RecurrentCache }
  }

  private func caches<Cache>(
    _ slot: Int, _ convert: (any LayerCache) -> Cache?
  ) throws(ModelError) -> [Cache] {
    try sequences.map { (sequence) throws(ModelError) in
      guard slot < sequence.caches.count, let cache = convert(sequence.caches[slot]) else {
        throw .foreignState(slot: slot)
      }
      return cache
    }
  }
}

/// Thrown by a forward pass that `ForwardInput.isInterrupted` ended.
public struct Interrupted: Error {}
