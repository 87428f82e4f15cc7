/// Reads what will be asked for, while nobody waits, and gives way within a layer when somebody does.
struct ReadAheadRun {
  /// Tokens of a chunk: what is lost when it is interrupted, at little more than half speed at the worst.
  static let chunk = 128

  /// - Parameter pause: called between chunks, to let others have the thread.
  /// - Returns: how many tokens were read, fewer than wanted when it gave way, and how fast.
  nonisolated(nonsending) static func run(
    _ request: ReadAheadRequest, loaded: LoadedModel, key: String, cache: PromptCache,
    turn: CancellationFlag, pause: () async -> Void
  ) async throws -> (read: Int, speed: ReadingSpeed) {
    let (tokens, boundaries) = try request.prompt.encoded(
      tokenizer: loaded.tokenizer, held: cache.tree(key))
    guard !tokens.isEmpty, cache.reusable(key, tokens) < tokens.count - 1 else {
      return (0, ReadingSpeed())
    }
    var reader = try PromptReader(tokens, loaded: loaded, key: key, session: request.session, cache: cache)
    // A chunk that fails costs itself alone, as one that is interrupted does.
    _ = try? await reader.read(
      boundaries: boundaries, largestChunk: chunk,
      mayGoOn: {
        await pause()
        return !turn.isRetired
      }, isInterrupted: { turn.isCancelled }, { _ in })
    let read = reader.sequence.ledger.count - reader.reused
    if read > 0 { reader.keep(request.purpose.place) }
    return (read, reader.speed)
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
