/// The probability that a proposed token is accepted, learned from the tokens that were sampled, whether they were
/// proposed or only compared.
package struct Acceptance {
  /// Where proposals come from. Longer matches are accepted more often.
  package enum Source: Hashable, Sendable {
    /// A look-up whose match has this length.
    case lookup(match: Int)
    /// A draft model.
    case draft
    /// The layer for multi-token prediction of the model itself.
    case predictor
  }

  private struct Estimate {
    var accepted: Double
    var all: Double
  }

  /// The bounds of match lengths with a common estimate, and the estimates that are assumed at first; the last are those
  /// of a draft model and of a predictor.
  private static let bounds = [4, 6, 9, 17, 33]
  private static let assumed = [0.3, 0.45, 0.6, 0.75, 0.85, 0.6, 0.6]
  /// The weight of what is assumed, in tokens.
  private static let assumedWeight = 2.0
  /// The number of tokens that count.
  private static let memory = 40.0

  private var estimates = assumed.map { Estimate(accepted: $0 * assumedWeight, all: assumedWeight) }

  package init() {}

  private static func index(_ source: Source) -> Int {
    switch source {
    case .lookup(let match): bounds.firstIndex { match < $0 } ?? bounds.count - 1
    case .draft: bounds.count
    case .predictor: bounds.count + 1
    }
  }

  /// The probability for the next token.
  package func probability(_ source: Source) -> Double {
    let estimate = estimates[Self.index(source)]
    return estimate.accepted / estimate.all
  }

  /// Records whether a proposed token was the sampled one.
  package mutating func note(_ source: Source, isAccepted: Bool) {
    let index = Self.index(source)
    estimates[index].all += 1
    if isAccepted { estimates[index].accepted += 1 }
    guard estimates[index].all > Self.memory else { return }
    let scale = Self.memory / estimates[index].all
    estimates[index].accepted *= scale
    estimates[index].all = Self.memory
  }

  /// Moves an estimate towards what is assumed, by one in a hundred. A source that is not tried may have changed.
  package mutating func forget(_ source: Source) {
    let index = Self.index(source)
    guard estimates[index].all > Self.assumedWeight else { return }
    estimates[index].accepted *= 0.99
    estimates[index].all *= 0.99
    estimates[index].accepted += 0.01 * Self.assumed[index] * Self.assumedWeight
    estimates[index].all += 0.01 * Self.assumedWeight
  }

  /// Records the outcome of proposals: the first `accepted` of `count` were sampled.
  package mutating func note(_ source: Source, accepted: Int, of count: Int) {
    for index in 0..<min(accepted + 1, count) {
      note(source.advanced(by: index), isAccepted: index < accepted)
    }
  }

  /// The expected number of tokens from a pass that verifies 0, 1, ... `count` proposals. Each pass samples one token
  /// after the accepted ones.
  package func expectedTokens(_ source: Source, upTo count: Int) -> [Double] {
    var expected = [1.0], all = 1.0
    for index in 0..<count {
      all *= probability(source.advanced(by: index))
      expected.append(expected[index] + all)
    }
    return expected
  }
}

extension Acceptance.Source {
  /// The source of a later token of the same proposals. A match grows with each accepted token.
  func advanced(by count: Int) -> Acceptance.Source {
    switch self {
    case .lookup(let match): .lookup(match: min(match + count, NGramIndex.longest))
    case .draft, .predictor: self
    }
  }
}
