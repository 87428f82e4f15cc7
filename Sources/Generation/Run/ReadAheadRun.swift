import Models

/// A speculative prefill. A new request interrupts it within a layer.
struct ReadAheadRun {
  /// Tokens of a chunk, the most that an interruption loses. Prefill is at worst slightly faster than half speed.
  static let chunk = 128

  /// - Returns: the number of prefilled tokens, the speed, and the final state; nil if nothing had to be prefilled.
  static func run(
    _ request: ReadAheadRequest, loaded: LoadedModel, key: String, cache: SharedPromptCache,
    turn: CancellationFlag
  ) throws -> (read: Int, speed: ReadingSpeed, state: SequenceState?) {
    let (tokens, boundaries) = try cache.encode(request.prompt, key, tokenizer: loaded.tokenizer)
    guard cache.withLock({ $0.reusable(key, tokens) }) < tokens.count else {
      return (0, ReadingSpeed(), nil)
    }
    var reader = try PromptReader(tokens, loaded: loaded, key: key, session: request.session, cache: cache)
    // A failed chunk loses only its own work, like an interrupted one.
    _ = try? reader.read(
      boundaries: boundaries, largestChunk: chunk, mayGoOn: { !turn.isRetired },
      isInterrupted: { turn.isCancelled }, { _ in })
    let read = reader.sequence.ledger.count - reader.reused
    if read > 0 { reader.keep(request.purpose.place) }
    return (read, reader.speed, reader.sequence.state)
  }
}

extension ReadAheadRequest.Purpose {
  /// The place under which the final state is held.
  fileprivate var place: HeldSequence.Place {
    switch self {
    case .head: .message
    case .history: .history
    case .draft: .draft
    }
  }
}
