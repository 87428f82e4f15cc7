import Compute
import Foundation
import Models
import Tokenization

/// One request from prompt to last token, on the generator's thread.
struct GenerationRun {
  let loaded: LoadedModel
  private(set) var sequence: Sequence
  let request: GenerationRequest
  let cancellation: CancellationFlag
  let started: ContinuousClock.Instant
  private var statistics = GenerationStatistics()

  init(
    loaded: LoadedModel, sequence: Sequence, request: GenerationRequest, cancellation: CancellationFlag,
    started: ContinuousClock.Instant
  ) {
    self.loaded = loaded
    self.sequence = sequence
    self.request = request
    self.cancellation = cancellation
    self.started = started
  }

  /// Reads the prompt and generates; what was computed before a cancellation stays in the sequence.
  mutating func run(_ emit: (GenerationEvent) -> Void) throws -> GenerationStatistics {
    let prompt = try encodedPrompt()
    reuse(prompt)
    statistics.promptTokens = prompt.count
    statistics.reusedTokens = sequence.ledger.count
    let promptStart = ContinuousClock.now
    guard let logits = try prefill(prompt, emit) else {
      statistics.finishReason = .cancelled
      return statistics
    }
    statistics.promptTime = (ContinuousClock.now - promptStart).seconds
    try decode(from: logits, emit)
    return statistics
  }

  private func encodedPrompt() throws -> [Int32] {
    let tokens =
      switch request.prompt {
      case .tokens(let tokens): tokens
      case .rendered(let text):
        LedgerEncoding.encode(text, ledger: sequence.ledger, tokenizer: loaded.tokenizer)
      }
    guard !tokens.isEmpty else { throw GenerationError.emptyPrompt }
    let facts = loaded.model.facts
    if let foreign = tokens.first(where: { $0 < 0 || Int($0) >= facts.vocabularyCount }) {
      throw GenerationError.foreignToken(foreign, vocabulary: facts.vocabularyCount)
    }
    guard tokens.count < facts.contextLength else {
      throw GenerationError.promptTooLong(tokens: tokens.count, context: facts.contextLength)
    }
    return tokens
  }

  /// Cuts the sequence back to what it shares with the prompt.
  private mutating func reuse(_ prompt: [Int32]) {
    switch Reuse.decide(ledger: sequence.ledger, prompt: prompt) {
    case .prefix(let length) where sequence.cut(to: length): break
    default: sequence = Sequence(SequenceState(layers: loaded.model.makeCaches()))
    }
  }

  /// Reads the rest of the prompt in chunks.
  /// - Returns: the logits after the last token, or nil when cancelled.
  private mutating func prefill(_ prompt: [Int32], _ emit: (GenerationEvent) -> Void) throws -> [Float]? {
    var chunking = PrefillChunking()
    var logits: [Float]?
    let reused = sequence.ledger.count
    func report(_ position: Int) {
      emit(.prefill(PrefillProgress(total: prompt.count, reused: reused, read: position - reused)))
    }
    report(reused)
    while sequence.ledger.count < prompt.count {
      if cancellation.isCancelled { return nil }
      let position = sequence.ledger.count
      let chunk = Array(prompt[position..<min(position + chunking.size, prompt.count)])
      let start = ContinuousClock.now
      let output = try loaded.model.forward(ForwardInput(tokens: chunk, sequence: sequence.state))
      sequence.append(chunk)
      if sequence.ledger.count == prompt.count { logits = loaded.backend.values(output) }
      chunking.note(tokens: chunk.count, seconds: (ContinuousClock.now - start).seconds)
      report(sequence.ledger.count)
    }
    return logits
  }

  private mutating func decode(from first: [Float], _ emit: (GenerationEvent) -> Void) throws {
    var logits = first
    var sampler = Sampler(request.sampling)
    var decoder = StreamingDecoder(loaded.tokenizer, skipSpecial: true)
    var stops = StopMatcher(request.stopStrings)
    let endTokens = Set(loaded.tokenizer.endOfGenerationTokens)
    var firstToken: ContinuousClock.Instant?
    let room = min(request.maxTokens, loaded.model.facts.contextLength - sequence.ledger.count)
    var watch = request.thoughtLimit.map { ThoughtWatch($0, room: room) }
    var forced: [Int32] = []
    statistics.finishReason = .length
    while statistics.generatedTokens < request.maxTokens {
      if cancellation.isCancelled {
        statistics.finishReason = .cancelled
        break
      }
      let id = forced.isEmpty ? sampler.next(logits, after: sequence.ledger) : forced.removeFirst()
      if forced.isEmpty { forced = watch?.note(id) ?? [] }
      if firstToken == nil {
        firstToken = .now
        statistics.timeToFirstToken = (ContinuousClock.now - started).seconds
      }
      if endTokens.contains(id) {
        statistics.finishReason = .stop
        break
      }
      statistics.generatedTokens += 1
      let (text, stopped) = stops.feed(decoder.feed(id))
      emit(.token(id: id, text: text))
      if let firstToken { statistics.generationTime = (ContinuousClock.now - firstToken).seconds }
      if stopped {
        statistics.finishReason = .stop
        return
      }
      guard sequence.ledger.count + 1 < loaded.model.facts.contextLength else { break }
      guard statistics.generatedTokens < request.maxTokens else { break }
      logits = loaded.backend.values(
        try loaded.model.forward(ForwardInput(tokens: [id], sequence: sequence.state)))
      sequence.append(CollectionOfOne(id))
    }
    let rest = stops.feed(decoder.flush()).text + stops.flush()
    if !rest.isEmpty { emit(.token(id: -1, text: rest)) }
  }

}

/// How many prompt tokens one forward pass takes: as many as the machine reads in about a second, so that
/// progress moves and a stop is honoured soon, but never so few that the matrix products become inefficient
/// (a mixture of 32 experts reads 256 tokens at 93% of the speed of 512, and 64 at 60%).
package struct PrefillChunking {
  package private(set) var size = 256

  package init() {}

  /// Adapts to how long a chunk took.
  package mutating func note(tokens: Int, seconds: Double) {
    guard seconds > 0, tokens >= 32 else { return }
    let wanted = Int(Double(tokens) / seconds) / 32 * 32
    size = min(max(wanted, 256), 1024)
  }
}

/// Why a request cannot be generated.
public enum GenerationError: Error, CustomStringConvertible {
  case emptyPrompt
  case foreignToken(Int32, vocabulary: Int)
  case promptTooLong(tokens: Int, context: Int)

  /// One line for the person: what is wrong and what to do.
  public var description: String {
    switch self {
    case .emptyPrompt: "the prompt is empty; give the model some text"
    case .foreignToken(let id, let vocabulary):
      "token id \(id) is outside of the model's vocabulary of \(vocabulary)"
    case .promptTooLong(let tokens, let context):
      "the prompt has \(tokens) tokens, the model's context holds \(context); shorten it or start anew with /new"
    }
  }
}
