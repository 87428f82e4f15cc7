import Compute
import Models

// Prefill in passes of its own, without other requests.
extension PromptReader {
  /// Prefills the rest of the prompt in chunks.
  /// - Parameters:
  ///   - boundaries: where messages start, in tokens.
  ///   - largestChunk: nil to adapt to the machine's speed.
  ///   - mayGoOn: polled between chunks.
  ///   - isInterrupted: polled for every block with caches.
  ///   - progress: called with every position that is reached.
  /// - Returns: whether the end was reached.
  package mutating func read(
    boundaries: [Int], largestChunk: Int? = nil, mayGoOn: () -> Bool = { true },
    isInterrupted: @escaping () -> Bool, _ progress: (Int) -> Void
  ) throws -> Bool {
    progress(reused)
    planSnapshots(at: boundaries)
    var chunking = PrefillChunking(on: loaded.backend)
    while !isComplete {
      let position = sequence.ledger.count
      if position != reused, !mayGoOn() { return false }
      let chunk = nextChunk(limit: min(chunking.size, largestChunk ?? .max))
      let start = ContinuousClock.now
      guard let (fork, output) = try process(chunk, isInterrupted) else { return false }
      let seconds = (ContinuousClock.now - start).seconds
      chunking.note(tokens: chunk.count, seconds: seconds)
      finish(chunk, in: fork, logits: output, seconds: seconds, boundaries: boundaries)
      progress(position + chunk.count)
    }
    return true
  }

  /// Processes tokens after the sequence, in a fork.
  /// - Returns: the fork and the logits after the last token; nil if interrupted.
  private func process(
    _ tokens: [Int32], _ isInterrupted: @escaping () -> Bool
  ) throws -> (fork: SequenceState, logits: Tensor)? {
    if isInterrupted() { return nil }
    let fork = sequence.state.fork()
    var input = ForwardInput(tokens: tokens, sequence: fork)
    input.isPrefill = true
    if loaded.backend is any InterruptibleBackend { input.isInterrupted = isInterrupted }
    do { return (fork, try loaded.model.forward(input)) } catch is Interrupted { return nil }
  }
}
