import Compute
import Foundation
import Models

/// One request on the generator's thread, from its prompt to its last token: a state machine that the scheduler moves
/// on. The scheduler performs the passes; the run decides what they contain and what follows from their results. Its
/// properties are changed by its own functions only; those of decoding are in GenerationRun+Decoding.swift.
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
  var phase = Phase.prefilling
  var reader: PromptReader
  /// The last event, once finished.
  private(set) var end: GenerationEvent?
  /// The latest token, sampled or inserted but not processed.
  var next: Int32?
  /// Tokens of the answer before `next` that the caches do not hold, because a state that holds rejected proposals too
  /// was dropped. The next pass processes them again.
  var unprocessed: [Int32] = []
  /// The state of a pass whose tokens are not recorded yet, and their number.
  var verified: (state: SequenceState, count: Int)?
  /// The pass that processes the token after the input, before that is known; see Scheduler+LookAhead.swift.
  var ahead: PassAhead?
  /// The token that the pass ahead processes, once it is known.
  var aheadToken: Int32?
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
  private var chunking: PrefillChunking
  var output: AnswerOutput
  var statistics = GenerationStatistics()
  private let boundaries: [Int]
  private let admitted = ContinuousClock.now
  var firstToken: ContinuousClock.Instant?

  var request: GenerationRequest { submission.request }
  var context: Int { loaded.model.facts.contextLength }
  /// The number of tokens before `next`.
  var position: Int { reader.sequence.ledger.count + unprocessed.count }

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
    chunking = PrefillChunking(on: loaded.backend)
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

  /// Ends the run.
  /// - Parameter flushes: whether text that may be the beginning of a stop string is emitted.
  func finish(_ reason: FinishReason, flushes: Bool = true) {
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
    ahead = nil
    phase = .finished
  }

  /// The prompts and answers of a batch are not kept, only the prefixes that its requests share.
  private func keep(_ place: HeldSequence.Place) {
    settle()
    guard request.priority == .turn else { return }
    endAhead()
    reader.keep(place)
    if phase == .decoding { speculation?.draft?.keep(reader.sequence.ledger + input) }
  }

  /// Publishes the first `count` tokens of the prompt for other requests, as soon as they are processed.
  func share(_ count: Int) { reader.share(count) }

  /// Publishes the first `count` tokens of the prompt, which are processed, or fewer.
  func publish(_ count: Int) { reader.publish(count) }
}
