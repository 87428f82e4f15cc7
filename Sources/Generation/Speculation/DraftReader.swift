import Compute
import Models

/// A draft model's copy of one answer's sequence, from which it proposes tokens.
///
/// The state may hold proposals that were rejected. Before the next ones, it is truncated to the common tokens or, if it
/// can't be truncated, replaced by the fork that was taken before the first proposal.
struct DraftReader {
  /// Tokens of a pass over the prompt, between two tokens of the answer.
  static let chunk = 256

  let loaded: LoadedModel
  private let key: String
  private let session: String?
  private let cache: SharedPromptCache
  private var state: SequenceState
  /// The tokens that the state holds.
  private var ledger: [Int32]
  /// The state before the first proposal and the number of its tokens, if the state can't be truncated.
  private var base: (state: SequenceState, count: Int)?
  /// The number of tokens that are known to be part of the answer.
  private var confirmed = 0
  private let isTruncatable: Bool
  /// A moving average of the seconds per proposal; nil before the first.
  private(set) var secondsPerProposal: Double?
  /// What it proposes from.
  private var vocabulary: DraftVocabulary

  /// Resumes from what the prompt cache holds.
  /// - Returns: nil if the model or the memory budget has no room for the prompt.
  init?(
    _ prompt: [Int32], loaded: LoadedModel, key: String, session: String?, cache: SharedPromptCache,
    others: Int
  ) {
    guard
      let reader = try? PromptReader(
        prompt, loaded: loaded, key: key, session: session, cache: cache, others: others)
    else { return nil }
    self.loaded = loaded
    self.key = key
    self.session = session
    self.cache = cache
    state = reader.sequence.state
    ledger = reader.sequence.ledger
    confirmed = ledger.count
    isTruncatable = state.caches.allSatisfy { $0 is any KeyValueCache }
    let work = loaded.model.facts.work
    vocabulary = DraftVocabulary(loaded, bytes: work.generationBytes)
  }

  /// The number of tokens that must be processed before proposals.
  func missing(_ tokens: [Int32]) -> Int { tokens.count - confirmed }

  /// The most proposals after `count` tokens.
  func limit(after count: Int) -> Int { loaded.model.facts.contextLength - count - 1 }

  /// Chooses the part of the vocabulary that the next proposals are from.
  mutating func chooseVocabulary(_ situation: DraftVocabulary.Situation) {
    secondsPerProposal = vocabulary.choose(situation, seconds: secondsPerProposal)
  }

  /// Processes the next chunk of the tokens, without proposing.
  mutating func read(_ tokens: [Int32]) throws {
    align(with: tokens)
    let chunk = Array(tokens[ledger.count..<min(ledger.count + Self.chunk, tokens.count - 1)])
    guard !chunk.isEmpty else { return }
    try check(chunk)
    var input = ForwardInput(tokens: chunk, sequence: state)
    input.isPrefill = true
    _ = try loaded.model.forward(input)
    ledger += chunk
    confirmed = ledger.count
  }

  /// Proposes the next tokens.
  /// - Parameters:
  ///   - tokens: those of prompt and answer.
  ///   - draw: the parameters of the answer's draw after some proposals. The draft is sampled with the same random
  ///     numbers, so that it proposes the sampled token where the two distributions agree.
  mutating func propose(
    _ count: Int, after tokens: [Int32], vocabulary: Int, draw: ([Int32]) -> SamplingParameters?
  ) throws -> [Int32] {
    let start = ContinuousClock.now
    align(with: tokens)
    var proposals: [Int32] = []
    var input = Array(tokens[ledger.count...])
    try check(input)
    while proposals.count < count {
      guard let parameters = draw(proposals) else { break }
      var pass = ForwardInput(tokens: input, sequence: state)
      pass.vocabularyLimit = self.vocabulary.limit
      let logits = try loaded.model.forward(pass)
      ledger += input
      if proposals.isEmpty {
        confirmed = ledger.count
        if !isTruncatable { base = (state.fork(), ledger.count) }
      }
      guard let id = try loaded.sample(logits, [parameters]).first, id >= 0, Int(id) < vocabulary else {
        break
      }
      proposals.append(id)
      input = [id]
    }
    if !proposals.isEmpty {
      let seconds = (ContinuousClock.now - start).seconds / Double(proposals.count)
      secondsPerProposal = secondsPerProposal.map { $0 + (seconds - $0) / 4 } ?? seconds
    }
    return proposals
  }

  /// Throws if the model has no embedding for a token: the vocabularies of a family may be padded differently.
  private func check(_ tokens: [Int32]) throws(GenerationError) {
    let count = loaded.model.facts.vocabularyCount
    if let foreign = tokens.first(where: { Int($0) >= count }) {
      throw .foreignToken(foreign, vocabulary: count)
    }
  }

  /// Removes what differs from the tokens, and at least the last token, whose logits are needed.
  private mutating func align(with tokens: [Int32]) {
    var common = min(confirmed, tokens.count - 1)
    while common < min(ledger.count, tokens.count - 1), ledger[common] == tokens[common] { common += 1 }
    if common < ledger.count {
      if isTruncatable {
        state.truncate(to: common)
        ledger.removeLast(ledger.count - common)
      } else if let base {
        state = base.state
        ledger.removeLast(ledger.count - base.count)
      }
    }
    base = nil
    confirmed = ledger.count
  }

  /// Keeps the confirmed part for the next turn.
  mutating func keep(_ tokens: [Int32]) {
    align(with: tokens)
    guard !ledger.isEmpty, state.rollBack(to: ledger.count) else { return }
    let held = HeldSequence(state: state.fork(), place: .answer, session: session)
    cache.withLock { $0.insert(key, ledger, held) }
  }
}
