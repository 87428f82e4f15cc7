import Compute
import Models

// The forward passes of a step. All requests of a pass use the same model.
extension Scheduler {
  /// A request's part of a prefill pass.
  private struct Chunk {
    let run: GenerationRun
    let tokens: [Int32]
    let fork: SequenceState
  }

  /// Processes one pass of prompt tokens, oldest requests first, and samples the first tokens of those that are
  /// complete.
  func prefill(_ runs: [GenerationRun], _ loaded: LoadedModel) {
    let prefilling = runs.filter { $0.phase == .prefilling && !$0.isCancelled }
    let isAlone = runs.count == 1 && !sharesTime(runs[0].group)
    let hasAnswers = runs.contains { $0.phase == .decoding }
    let room = hasAnswers ? Self.pause : Self.largestPass
    var chunks: [Chunk] = []
    var count = 0
    for run in prefilling where !run.reader.isComplete {
      if run.isIsolated, !chunks.isEmpty { continue }
      // Alone, a turn's chunks adapt to the machine's speed.
      let tokens = run.nextChunk(limit: isAlone && run.group.isTurn ? nil : Self.chunk)
      // A chunk is not cut to fit: its division must not depend on other requests.
      guard chunks.isEmpty || count + tokens.count <= room else { break }
      count += tokens.count
      chunks.append(Chunk(run: run, tokens: tokens, fork: run.reader.sequence.state.fork()))
      if run.isIsolated { break }
    }
    if !chunks.isEmpty { process(chunks, count: count, loaded) }
    start(prefilling.filter { $0.phase == .prefilling && $0.reader.isComplete }, loaded)
  }

  private func process(_ chunks: [Chunk], count: Int, _ loaded: LoadedModel) {
    let runs = chunks.map(\.run), isBatch = runs.allSatisfy { !$0.group.isTurn }
    let counts = chunks.map(\.tokens.count)
    var row = -1
    var input = ForwardInput(
      tokens: chunks.flatMap(\.tokens), sequences: chunks.map(\.fork), counts: counts,
      outputs: counts.map {
        row += $0
        return row
      })
    input.isPrefill = true
    // A batch is interrupted by a turn, and any pass when all its requests are cancelled.
    let queue = queue
    let isInterrupted = { isBatch && queue.hasTurn || runs.allSatisfy(\.isCancelled) }
    if isInterrupted() { return }
    if loaded.backend is any InterruptibleBackend { input.isInterrupted = isInterrupted }
    if chunks.count == 1, runs[0].wantsHiddenStates(after: count) { input.hiddenStates = HiddenStates() }
    let start = ContinuousClock.now
    do {
      let logits = try loaded.model.forward(input)
      let seconds = (ContinuousClock.now - start).seconds
      runs[0].speculation?.note(
        input.hiddenStates, count: count, at: runs[0].reader.sequence.ledger.count)
      for (index, chunk) in chunks.enumerated() {
        chunk.run.finishChunk(
          chunk.tokens, in: chunk.fork, logits: loaded.backend.rows(logits, [index]),
          seconds: seconds * Double(chunk.tokens.count) / Double(count))
      }
    } catch is Interrupted {
      return
    } catch {
      fail(runs, error)
    }
  }

  /// Samples the first tokens of answers.
  private func start(_ runs: [GenerationRun], _ loaded: LoadedModel) {
    for run in runs {
      guard let logits = run.startDecoding() else { continue }
      do {
        for id in try loaded.sample(logits, run.draws()) {
          run.take(sampled: id, loaded.logProbabilities(logits, row: 0, of: id, run.request))
        }
      } catch { fail([run], error) }
    }
  }

  /// Processes the latest tokens of answers, in one pass, and samples the next ones. A few answers may be moved on by
  /// several tokens each.
  func decode(_ runs: [GenerationRun], _ loaded: LoadedModel) {
    let together = runs.filter { !$0.isIsolated && $0.next != nil }
    if together.count == 1, let run = together.first, isAlone(run), run.speculation != nil {
      decodeAhead(run, loaded)
    } else if !together.isEmpty {
      decodeTogether(together, loaded)
    }
    for run in runs where run.isIsolated && run.phase == .decoding { decodeTogether([run], loaded) }
  }

  private func isAlone(_ run: GenerationRun) -> Bool { running.count { $0.group == run.group } == 1 }

  /// After a failed pass: one request alone fails; several are isolated, so that only the one at fault fails.
  func fail(_ runs: [GenerationRun], _ error: any Error) {
    guard runs.count > 1 else {
      for run in runs { run.fail(error) }
      return
    }
    for run in runs { run.recover() }
  }
}
