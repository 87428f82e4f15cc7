import Compute
import Foundation
import Tokenization

/// One request from prompt to last token, on the generator's thread.
struct GenerationRun {
  private let loaded: LoadedModel
  private let request: GenerationRequest
  private let cancellation: CancellationFlag
  private let answerNow: AnswerNowFlag
  private let started: ContinuousClock.Instant
  private let boundaries: [Int]
  private(set) var reader: PromptReader
  private var statistics = GenerationStatistics()

  /// Resumes from what the cache holds of the prompt.
  init(
    _ request: GenerationRequest, loaded: LoadedModel, key: String, cache: SharedPromptCache,
    cancellation: CancellationFlag, answerNow: AnswerNowFlag, started: ContinuousClock.Instant
  ) throws {
    self.loaded = loaded
    self.request = request
    self.cancellation = cancellation
    self.answerNow = answerNow
    self.started = started
    let (tokens, boundaries) = try cache.encode(request.prompt, key, tokenizer: loaded.tokenizer)
    self.boundaries = boundaries
    reader = try PromptReader(tokens, loaded: loaded, key: key, session: request.session, cache: cache)
    statistics.promptTokens = tokens.count
    statistics.reusedTokens = reader.reused
    statistics.reuse = reader.report
  }

  /// Prefills and generates. The computed caches are kept, also after a cancellation or a failure.
  mutating func run(_ emit: (GenerationEvent) -> Void) throws -> GenerationStatistics {
    do { return try readAndDecode(emit) } catch let error as GenerationError where error.invalidatesCaches {
      throw error
    } catch {
      reader.keep(statistics.generatedTokens > 0 ? .answer : .interval)
      throw error
    }
  }

  private mutating func readAndDecode(_ emit: (GenerationEvent) -> Void) throws -> GenerationStatistics {
    let start = ContinuousClock.now
    let progress = PrefillProgress(
      total: statistics.promptTokens, reused: statistics.reusedTokens, read: 0, report: statistics.reuse)
    let cancellation = cancellation
    let isRead = try reader.read(boundaries: boundaries, isInterrupted: { cancellation.isCancelled }) {
      var progress = progress
      progress.read = $0 - progress.reused
      emit(.prefill(progress))
    }
    guard isRead, let logits = reader.logits else {
      statistics.finishReason = .cancelled
      reader.keep(.interval)
      return statistics
    }
    statistics.promptTime = (ContinuousClock.now - start).seconds
    try decode(from: logits, emit)
    reader.keep(.answer)
    return statistics
  }

  private mutating func decode(from first: Tensor, _ emit: (GenerationEvent) -> Void) throws {
    var logits = first
    var sampler = Sampler(request.sampling)
    var decoder = loaded.tokenizer.map { StreamingDecoder($0, skipSpecial: true) }
    var stops = StopMatcher(request.stopStrings)
    let endTokens = Set(loaded.tokenizer?.endOfGenerationTokens ?? [])
    let context = loaded.model.facts.contextLength
    var firstToken: ContinuousClock.Instant?
    var watch = request.thoughtLimit.map {
      ThoughtWatch($0, room: min(request.maxTokens, context - reader.sequence.ledger.count))
    }
    var forced: [Int32] = []
    statistics.finishReason = .length
    while statistics.generatedTokens < request.maxTokens {
      if cancellation.isCancelled {
        statistics.finishReason = .cancelled
        break
      }
      let isForced = !forced.isEmpty
      let token =
        isForced
        ? Tokens([forced.removeFirst()])
        : sampler.next(logits, after: reader.sequence.ledger, on: loaded.backend)
      guard let id = loaded.backend.ids(token).first, id >= 0 else {
        throw GenerationError.notANumber(position: reader.sequence.ledger.count)
      }
      let isFirst = firstToken == nil
      if isFirst {
        firstToken = .now
        statistics.timeToFirstToken = (ContinuousClock.now - started).seconds
      }
      if endTokens.contains(id) {
        statistics.finishReason = .stop
        break
      }
      statistics.generatedTokens += 1
      let written = decoder?.feed(id) ?? ""
      if !isForced, let closing = watch?.note(id, text: written, wantsAnswer: answerNow.isRequested) {
        forced = closing
      }
      let (text, stopped) = stops.feed(written)
      emit(.token(id: id, text: text))
      if let firstToken { statistics.generationTime = (ContinuousClock.now - firstToken).seconds }
      if stopped {
        statistics.finishReason = .stop
        return
      }
      guard statistics.generatedTokens < request.maxTokens, mayGoOn(context) else { break }
      // Kept after the first token was shown, for another answer to the same prompt.
      if isFirst, reader.needsSnapshots { reader.keep(.prompt) }
      logits = try reader.generate(after: token, id: id)
    }
    let rest = stops.feed(decoder?.flush() ?? "").text + stops.flush()
    if !rest.isEmpty { emit(.token(id: -1, text: rest)) }
  }

  /// Whether the context has room for another token and, checked every 64 tokens, the memory budget.
  private func mayGoOn(_ context: Int) -> Bool {
    guard reader.sequence.ledger.count + 1 < context else { return false }
    return statistics.generatedTokens % 64 != 1 || reader.hasRoom(for: 65)
  }
}
