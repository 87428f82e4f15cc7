import Compute
import Foundation
import Models
import Tokenization

/// A token of a text with its probability, and the most probable tokens at its place.
public struct ScoredToken: Sendable, Equatable {
  /// A token that the model could have generated.
  public struct Alternative: Sendable, Equatable {
    /// Its id.
    public var id: Int32
    /// Softmax of the logits, without any sampling settings.
    public var probability: Double

    /// A token with its probability.
    public init(id: Int32, probability: Double) {
      (self.id, self.probability) = (id, probability)
    }
  }

  /// Its id.
  public var id: Int32
  /// Softmax of the logits at its place.
  public var probability: Double
  /// The most probable first.
  public var alternatives: [Alternative]

  /// Scores a token.
  /// - Parameter logits: those at its place, one per token of the vocabulary.
  package init(_ id: Int32, logits: ArraySlice<Float>, alternatives count: Int) {
    let largest = logits.reduce(-Float.infinity) { $1 > $0 ? $1 : $0 }
    var sum = 0.0
    var best: [(index: Int, logit: Float)] = []
    for (index, logit) in logits.enumerated() where !logit.isNaN {
      sum += Double(exp(logit - largest))
      if best.count == count, logit <= best[count - 1].logit { continue }
      best.insert((index, logit), at: best.firstIndex { $0.logit < logit } ?? best.count)
      if best.count > count { best.removeLast() }
    }
    func probability(_ logit: Float) -> Double { sum > 0 ? Double(exp(logit - largest)) / sum : 0 }
    self.id = id
    let index = logits.startIndex + Int(id)
    self.probability = logits.indices.contains(index) ? probability(logits[index]) : 0
    alternatives = best.map { Alternative(id: Int32($0.index), probability: probability($0.logit)) }
  }
}

// The probabilities of a text that exists.
extension Generator {
  /// The rows of a pass: their logits are on the host at the same time.
  private static let scoredRows = 32

  /// Scores the tokens of a prompt after its beginning, at the price of a prefill of what the cache does not hold.
  /// Waits for running requests; a new one interrupts it.
  /// - Parameters:
  ///   - beginning: a prefix of the prompt, whose tokens are not scored.
  ///   - limit: the most tokens to score; of more, the last ones.
  ///   - alternatives: the number for each token.
  /// - Throws: `GenerationError`, or what the model throws; `CancellationError` if a request came meanwhile.
  public nonisolated func scores(
    _ key: String, _ prompt: Prompt, after beginning: Prompt, limit: Int = 2048, alternatives: Int = 6
  ) async throws -> [ScoredToken] {
    let turn = beginReadingAhead()
    return try await score(key, prompt, beginning, limit, alternatives, turn)
  }

  private func score(
    _ key: String, _ prompt: Prompt, _ beginning: Prompt, _ limit: Int, _ count: Int, _ turn: CancellationFlag
  ) throws -> [ScoredToken] {
    guard let loaded = model(key) else { throw GenerationError.modelNotLoaded }
    let tokens = try cache.encode(prompt, key, tokenizer: loaded.tokenizer).tokens
    let head = try cache.encode(beginning, key, tokenizer: loaded.tokenizer).tokens
    let common = zip(tokens, head).prefix { $0 == $1 }.count
    let start = max(1, common, tokens.count - limit)
    guard start < tokens.count else { return [] }
    var reader = try PromptReader(
      Array(tokens[..<start]), loaded: loaded, key: key, session: nil, cache: cache)
    let isRead = try reader.read(boundaries: [], isInterrupted: { turn.isCancelled }, { _ in })
    guard isRead, let first = reader.logits else { throw CancellationError() }
    var logits = loaded.backend.values(first)
    let width = logits.count
    var result: [ScoredToken] = []
    let state = reader.sequence.state.fork()
    var position = start
    while position < tokens.count {
      if turn.isCancelled { throw CancellationError() }
      let chunk = Array(tokens[position..<min(position + Self.scoredRows, tokens.count)])
      // The first token of a chunk is scored by the last row before it.
      let output = try loaded.model.forward(ForwardInput(tokens: chunk, sequence: state, allLogits: true))
      let rows = loaded.backend.values(output)
      for (index, id) in chunk.enumerated() {
        let row = index == 0 ? logits[...] : rows[((index - 1) * width)..<(index * width)]
        result.append(ScoredToken(id, logits: row, alternatives: count))
      }
      logits = Array(rows[((chunk.count - 1) * width)...])
      position += chunk.count
    }
    return result
  }
}
