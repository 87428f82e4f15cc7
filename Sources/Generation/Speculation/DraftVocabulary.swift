import Compute

/// The part of its vocabulary that a draft model proposes from: all of it, or its first half or quarter.
///
/// With a large vocabulary, the output head of a small model costs more than its layers. Ids are in the order in which most
/// vocabularies were learned, so the first ones are the most frequent: in English text and in programs, the first quarter
/// of Llama 3's and Qwen's has 91 to 96% of the tokens, and the first half 98%; that of Gemma's less than 80%. A token
/// beyond the part can't be proposed; the large model samples it, as after any rejection. So the choice affects the speed
/// only. It is made by the share of the latest tokens that could have been proposed.
package struct DraftVocabulary {
  /// The parts, as fractions of the vocabulary.
  package static let parts = [1, 0.5, 0.25]
  /// The number of latest tokens that count.
  package static let memory = 512
  /// The gain from which on another part is chosen.
  package static let leastGain = 1.02
  /// The largest number of proposals that is considered.
  private static let mostProposals = 16

  /// The index of the part that proposals are from.
  private var current = 0
  /// The number of tokens.
  private let count: Int
  /// The share of the output head in the cost of a draft token.
  private let headShare: Double

  /// - Parameter headShare: the share of the output head in the cost of a draft token; 0 if the head can only be computed
  ///   as a whole.
  package init(count: Int, headShare: Double) {
    self.count = count
    self.headShare = headShare
  }

  /// The number of tokens whose logits are needed; nil for all.
  package var limit: Int? { current == 0 ? nil : size(current) }

  private func size(_ part: Int) -> Int { max(Int(Double(count) * Self.parts[part]), 1) }

  /// The cost of a proposal from a part, relative to one from all tokens.
  private func cost(_ part: Int) -> Double { 1 - headShare * (1 - Self.parts[part]) }

  /// The shares of the latest tokens that are in each part.
  package func coverage(of tokens: [Int32]) -> [Double] {
    let latest = tokens.suffix(Self.memory)
    return Self.parts.indices.map { part in
      let size = size(part)
      return Double(latest.count { $0 < size }) / Double(max(latest.count, 1))
    }
  }

  /// Chooses the part with the most tokens per second.
  /// - Parameters:
  ///   - acceptance: the probability that a proposal is accepted, with the current choice.
  ///   - cost: of a proposal, in passes of the large model with one row, with the current choice.
  ///   - coverage: the share of the tokens that are in each part.
  ///   - ratio: the duration of a pass of the large model with so many rows, relative to one row.
  /// - Returns: the factor by which the cost of a proposal changes.
  package mutating func choose(
    acceptance: Double, cost: Double, coverage: [Double], ratio: (Int) -> Double
  ) -> Double {
    let before = self.cost(current)
    let accepted = min(acceptance / max(coverage[current], 0.01), 1), whole = cost / before
    let speeds = Self.parts.indices.map { part in
      Self.speed(accepted * coverage[part], whole * self.cost(part), ratio)
    }
    guard let best = speeds.indices.max(by: { speeds[$0] < speeds[$1] }),
      speeds[best] > speeds[current] * Self.leastGain
    else { return 1 }
    current = best
    return self.cost(best) / before
  }

  /// The tokens in the duration of a pass with one row, with the best number of proposals.
  private static func speed(_ acceptance: Double, _ cost: Double, _ ratio: (Int) -> Double) -> Double {
    var best = 1.0, tokens = 1.0, all = 1.0
    for count in 1...mostProposals {
      all *= acceptance
      tokens += all
      best = max(best, tokens / (ratio(1 + count) + cost * Double(count)))
    }
    return best
  }
}

extension DraftVocabulary {
  /// The vocabulary of a loaded model.
  /// - Parameter bytes: the weights that are read for a proposal, with those of the model's head.
  init(_ loaded: LoadedModel, bytes: Double) {
    let isLimitable = loaded.backend is any RowLimitingBackend && bytes > 0
    self.init(
      count: loaded.model.facts.vocabularyCount,
      headShare: isLimitable ? min(loaded.model.facts.work.headBytes / bytes, 1) : 0)
  }

  /// What a source of proposals knows when it chooses.
  struct Situation {
    /// The tokens of prompt and answer.
    let tokens: [Int32]
    /// Whether all tokens count as in every part.
    let isCovered: Bool
    /// The probability that a proposal is accepted, with the current choice.
    let acceptance: Double
    /// The measured passes of the large model, and the seconds of one with one row.
    let costs: PassCosts
    let single: Double
  }

  /// Makes the choice, once proposals were measured.
  /// - Parameter seconds: of a proposal; nil before the first.
  /// - Returns: those of the next one.
  mutating func choose(_ situation: Situation, seconds: Double?) -> Double? {
    guard let seconds, situation.single > 0 else { return seconds }
    let coverage = situation.isCovered ? Self.parts.map { _ in 1 } : coverage(of: situation.tokens)
    return seconds
      * choose(
        acceptance: situation.acceptance, cost: seconds / situation.single, coverage: coverage
      ) { situation.costs.ratio(rows: $0) }
  }
}
