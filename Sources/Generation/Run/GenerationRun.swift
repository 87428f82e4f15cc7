import Compute
import Foundation
import Models

/// One request on the generator's thread, from its prompt to its last token: a state machine that the scheduler moves
/// on. The scheduler performs the passes; the run decides what they contain and what follows from their results.
final class GenerationRun {
  /// Where a request is. Before, it waits as a `Submission`.
  enum Phase {
    /// Part of the prompt is not processed.
    case prefilling
    /// `next` is the token to process.
    case decoding
    /// The run is complete; `end` is its last event.
    case finished
  }

  let submission: Submission
  /// The number of requests that started before.
  let number: Int
  let loaded: LoadedModel
  private(set) var phase = Phase.prefilling
  private(set) var reader: PromptReader
  /// The last event, once finished.
  private(set) var end: GenerationEvent?
  /// The latest token, sampled or inserted but not processed.
  private(set) var next: Int32?
  /// Tokens of the answer before `next` that the caches do not hold, because a state that holds rejected proposals too
  /// was dropped. The next pass processes them again.
  private(set) var unprocessed: [Int32] = []
  /// The state of a pass whose tokens are not recorded yet, and their number.
  private var verified: (state: SequenceState, count: Int)?
  /// Proposes tokens; nil for a request without speculation.
  var speculation: Speculation?
  /// Whether the draft model of the request was looked for.
  var hasDraft = false
  /// Bytes of caches that the request may come to need.
  let reserved: Int
  /// The reserved bytes of the other requests.
  var reservedByOthers = 0
  /// Whether its next pass must be its own, because a pass with others has failed.
  var isIsolated = false
  /// The duration of a chunk adapts to the machine if no other request shares the pass.
  private var chunking = PrefillChunking()
  private var output: AnswerOutput
  private(set) var statistics = GenerationStatistics()
  private let boundaries: [Int]
  private let admitted = ContinuousClock.now
  private var firstToken: ContinuousClock.Instant?

  var request: GenerationRequest { submission.request }
  private var context: Int { loaded.model.facts.contextLength }
  /// The number of tokens before `next`.
  private var position: Int { reader.sequence.ledger.count + unprocessed.count }

  /// Resumes from what the cache holds of the prompt.
  /// - Parameters:
  ///   - number: see the property, as for `reserved`.
  ///   - others: bytes that are reserved for other requests.
  /// - Throws: `GenerationError` if the prompt exceeds a limit.
  init(
    _ submission: Submission, _ prompt: (tokens: [Int32], boundaries: [Int]), number: Int,
    loaded: LoadedModel, cache: SharedPromptCache, reserved: Int, others: Int
  ) throws(GenerationError) {
    self.submission = submission
    self.number = number
    self.loaded = loaded
    self.reserved = reserved
    reservedByOthers = others
    boundaries = prompt.boundaries
    let request = submission.request
    reader = try PromptReader(
      prompt.tokens, loaded: loaded, key: submission.key, session: request.session, cache: cache,
      others: others)
    reader.planSnapshots(at: request.priority == .turn ? prompt.boundaries : nil)
    reader.keepsMarks = !request.isCold
    let room = min(request.maxTokens, loaded.model.facts.contextLength - reader.sequence.ledger.count)
    output = AnswerOutput(request, tokenizer: loaded.tokenizer, room: room)
    speculation = Speculation(request, loaded)
    statistics.promptTokens = prompt.tokens.count
    statistics.reusedTokens = reader.reused
    statistics.reuse = reader.report
    emitProgress()
  }

  var isCancelled: Bool { submission.cancellation.isCancelled }

  private func emitProgress() {
    submission.emit(
      .prefill(
        PrefillProgress(
          total: statistics.promptTokens, reused: statistics.reusedTokens,
          read: reader.sequence.ledger.count - statistics.reusedTokens, report: statistics.reuse)))
  }

  // Prefill

  /// The tokens of the next chunk.
  /// - Parameter limit: their largest number; nil to adapt to the machine's speed.
  func nextChunk(limit: Int?) -> [Int32] { reader.nextChunk(limit: limit ?? chunking.size) }

  /// Whether the hidden states of a chunk of `count` tokens are needed: they serve proposals if they are near the end of
  /// the prompt.
  func wantsHiddenStates(after count: Int) -> Bool {
    speculation?.predictor != nil
      && reader.prompt.count - reader.sequence.ledger.count - count < PredictorReader.mostRows
  }

  /// Records a chunk that was processed in a fork.
  /// - Parameters:
  ///   - logits: after its last token, [1, vocabulary].
  ///   - seconds: the run's share of the duration of the pass.
  func finishChunk(_ chunk: [Int32], in fork: SequenceState, logits: Tensor, seconds: Double) {
    chunking.note(tokens: chunk.count, seconds: seconds)
    reader.finish(chunk, in: fork, logits: logits, seconds: seconds, boundaries: boundaries)
    // A run that was computed again continues with the token that it had, alone.
    guard next == nil else {
      if reader.isComplete { phase = .decoding }
      return
    }
    isIsolated = false
    emitProgress()
  }

  /// Starts decoding. Requires that the prompt is processed.
  /// - Returns: the logits from which the first token is sampled; nil if none is wanted.
  func startDecoding() -> Tensor? {
    statistics.promptTime = (ContinuousClock.now - admitted).seconds
    guard statistics.generatedTokens < request.maxTokens else {
      finish(.length)
      return nil
    }
    phase = .decoding
    return reader.logits
  }

  // Decoding

  /// The tokens of the next pass.
  var input: [Int32] { unprocessed + (next.map { [$0] } ?? []) }

  /// The most tokens that may be proposed after `next`.
  var proposalLimit: Int {
    guard next != nil, !output.isForced else { return 0 }
    return min(request.maxTokens - statistics.generatedTokens, context - position - 1) - 1
  }

  /// The parameters of the draw after the input, and of those after each proposed token.
  func draws(proposals: [Int32] = []) -> [SamplingParameters] {
    output.draws(after: Array(reader.sequence.ledger.suffix(output.window)) + input, proposals: proposals)
  }

  /// Records a pass over the input and proposed tokens.
  /// - Parameters:
  ///   - state: has processed them.
  ///   - ids: the tokens sampled after the input and after each proposal.
  ///   - isAccepted: whether a proposal equals a sampled token.
  ///   - logProbabilities: those to report of the token after the input or a proposal; nil for none.
  /// - Returns: the number of accepted proposals.
  @discardableResult
  func finishPass(
    in state: SequenceState, proposals: [Int32] = [], sampled ids: [Int32],
    isAccepted: (Int32, Int32) -> Bool = { $0 == $1 },
    logProbabilities: (_ index: Int, _ id: Int32) -> TokenLogProbabilities?
  ) -> Int {
    verified = (state, input.count + proposals.count)
    unprocessed = input
    next = nil
    isIsolated = false
    statistics.draftedTokens += proposals.count
    var accepted = 0
    for (index, id) in ids.enumerated() {
      let isMatch = index < proposals.count && isAccepted(proposals[index], id)
      if isMatch { statistics.acceptedTokens += 1 }
      let taken = isMatch ? proposals[index] : id
      take(sampled: taken, logProbabilities(index, taken))
      guard phase == .decoding, isMatch, let token = next, !output.isForced else { break }
      accepted += 1
      unprocessed.append(token)
      next = nil
    }
    if phase == .decoding { settle() }
    return accepted
  }

  /// Records what the latest pass has processed, as far as it is part of the answer.
  private func settle() {
    guard let (state, count) = verified else { return }
    verified = nil
    if unprocessed.count < count {
      guard state === reader.sequence.state else { return }
      state.truncate(to: state.length - (count - unprocessed.count))
    }
    reader.finish(unprocessed, in: state)
    unprocessed = []
  }

  /// Takes the next token, which follows the input, unless the run was cancelled meanwhile.
  /// - Parameter logProbabilities: those to report; nil for none.
  func take(sampled: Int32, _ logProbabilities: TokenLogProbabilities?) {
    guard !isCancelled else { return }
    let (id, isInserted) = output.next(sampled: sampled)
    guard id >= 0 else { return fail(GenerationError.notANumber(position: position)) }
    let isFirst = firstToken == nil
    if isFirst {
      firstToken = .now
      statistics.timeToFirstToken = (ContinuousClock.now - submission.started).seconds
    }
    if output.isEnd(id) { return finish(.stop) }
    statistics.generatedTokens += 1
    let (text, stopped) = output.add(
      id, isInserted: isInserted, wantsAnswer: submission.answerNow.isRequested)
    if let logProbabilities, !isInserted { submission.emit(.logProbabilities(logProbabilities)) }
    submission.emit(.token(id: id, text: text))
    if let firstToken { statistics.generationTime = (ContinuousClock.now - firstToken).seconds }
    if stopped { return finish(.stop, flushes: false) }
    guard statistics.generatedTokens < request.maxTokens, mayGoOn else { return finish(.length) }
    // Kept after the first token was shown, for another answer to the same prompt.
    if isFirst, reader.needsSnapshots, request.priority == .turn { reader.keep(.prompt) }
    next = id
    speculation?.note(id)
    do { try reader.check(id) } catch { fail(error) }
  }

  /// Whether the context has room for another token and, checked every 64 tokens, the memory budget.
  private var mayGoOn: Bool {
    guard position + 1 < context else { return false }
    return statistics.generatedTokens % 64 != 1
      || reader.hasRoom(for: 65 + SpeculationPolicy.most, others: reservedByOthers)
  }

  /// After a failed pass with others: makes the sequence usable again and isolates the run. A state that cannot be
  /// truncated is computed again.
  func recover() {
    isIsolated = true
    guard phase == .decoding, !reader.rollBack() else { return }
    do {
      try reader.restart(others: reservedByOthers)
      phase = .prefilling
    } catch { fail(error) }
  }

  // The end

  /// Ends the run at its user's request.
  func cancel() { finish(.cancelled) }

  /// Ends the run with an error. The computed caches are kept if they are valid.
  func fail(_ error: any Error) {
    if (error as? GenerationError)?.invalidatesCaches != true {
      keep(statistics.generatedTokens > 0 ? .answer : .interval)
    }
    finish(.failed("\(error)"))
  }

  private func finish(_ reason: FinishReason, flushes: Bool = true) {
    statistics.finishReason = reason
    let isAnswer = phase == .decoding || next != nil
    if isAnswer, flushes {
      let rest = output.flush()
      if !rest.isEmpty { submission.emit(.token(id: -1, text: rest)) }
    }
    keep(isAnswer ? .answer : .interval)
    finish(.done(statistics))
  }

  private func finish(_ event: GenerationEvent) {
    end = event
    phase = .finished
  }

  /// The prompts and answers of a batch are not kept, only the prefixes that its requests share.
  private func keep(_ place: HeldSequence.Place) {
    settle()
    guard request.priority == .turn else { return }
    reader.keep(place)
    if phase == .decoding { speculation?.draft?.keep(reader.sequence.ledger + input) }
  }

  /// Publishes the first `count` tokens of the prompt for other requests, as soon as they are processed.
  func share(_ count: Int) { reader.share(count) }

  /// Publishes the first `count` tokens of the prompt, which are processed, or fewer.
  func publish(_ count: Int) { reader.publish(count) }
}
