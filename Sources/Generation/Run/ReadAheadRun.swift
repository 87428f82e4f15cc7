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
    let isTurn = request.purpose == .turn
    // A turn also needs the logits after its last token.
    let isHeld = cache.withLock {
      isTurn ? $0.held(key, tokens)?.logits != nil : $0.reusable(key, tokens) == tokens.count
    }
    guard !isHeld else {
      // What other sessions hold is also this session's.
      if request.purpose == .history, let session = request.session {
        cache.withLock { $0.own(key, tokens, session) }
      }
      return (0, ReadingSpeed(), nil)
    }
    var reader = try PromptReader(tokens, loaded: loaded, key: key, session: request.session, cache: cache)
    // A failed chunk loses only its own work, like an interrupted one. The end of a turn's prompt is worthless after an
    // edit, so that the next prefill does not wait for it.
    _ = try? reader.read(
      boundaries: boundaries, largestChunk: chunk, mayGoOn: { !turn.isRetired },
      isInterrupted: { isTurn ? turn.isRetired : turn.isCancelled }, { _ in })
    let read = reader.sequence.ledger.count - reader.reused
    if read > 0, !isTurn || reader.isComplete { reader.keep(request.purpose.place) }
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
    case .turn: .rested
    }
  }
}
