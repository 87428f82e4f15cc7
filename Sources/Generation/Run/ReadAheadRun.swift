import Models

/// Reads what will be asked for, while nobody waits, and gives way within a layer when somebody does.
struct ReadAheadRun {
  /// Tokens of a chunk: what is lost when it is interrupted, at little more than half speed at the worst.
  static let chunk = 128

  /// - Returns: how many tokens were read, fewer than wanted when it gave way, how fast, and the state behind them;
  ///   nil where there was nothing to read.
  static func run(
    _ request: ReadAheadRequest, loaded: LoadedModel, key: String, cache: SharedPromptCache,
    turn: CancellationFlag
  ) throws -> (read: Int, speed: ReadingSpeed, state: SequenceState?) {
    let (tokens, boundaries) = try cache.encode(request.prompt, key, tokenizer: loaded.tokenizer)
    guard cache.withLock({ $0.reusable(key, tokens) }) < tokens.count else {
      return (0, ReadingSpeed(), nil)
    }
    var reader = try PromptReader(tokens, loaded: loaded, key: key, session: request.session, cache: cache)
    // A chunk that fails costs itself alone, as one that is interrupted does.
    _ = try? reader.read(
      boundaries: boundaries, largestChunk: chunk, mayGoOn: { !turn.isRetired },
      isInterrupted: { turn.isCancelled }, { _ in })
    let read = reader.sequence.ledger.count - reader.reused
    if read > 0 { reader.keep(request.purpose.place) }
    return (read, reader.speed, reader.sequence.state)
  }
}

extension ReadAheadRequest.Purpose {
  /// As what the state behind it is kept.
  fileprivate var place: HeldSequence.Place {
    switch self {
    case .head: .message
    case .history: .history
    case .draft: .draft
    }
  }
}
