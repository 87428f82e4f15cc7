/// Decides how many proposed tokens a pass verifies: as many as promise the most tokens per second, or none.
///
/// A budget bounds the loss. Every pass without proposals adds a hundredth of its duration; a pass with proposals adds
/// the time that it saved, or takes what it lost. What a pass may lose at most must be in the budget, so that proposals
/// which are not accepted, or passes which are slower than expected, cost about a hundredth of the time. Each kind of source
/// has a budget of its own; that of a draft model, which the user has chosen, is five times as large.
package struct SpeculationPolicy {
  /// The largest number of proposals.
  package static let most = PassCosts.mostRows - 1
  /// The share of the time that may be lost.
  static let share = 0.01
  /// The budget at first and at most, in passes with one row.
  static let firstBudget = 1.0, largestBudget = 8.0
  /// The factor of a draft model's budget.
  static let draftFactor = 5.0
  /// The most that a pass counts relative to what is expected of it.
  static let mostDisturbed = 1.5
  /// The least expected gain. Less would be lost in the error of the expectation.
  static let leastGain = 1.05

  /// What is known about the tokens to propose.
  package struct Prospect {
    /// Their source.
    package let source: Acceptance.Source
    /// The largest number.
    package let limit: Int
    /// The cost of making one proposal, in passes with one row.
    package let cost: Double
    /// Whether the accepted tokens are processed again after a rejection, because the caches can't be truncated.
    package let repeats: Bool

    /// A prospect; by default, proposals cost nothing and caches are truncated.
    package init(_ source: Acceptance.Source, limit: Int, cost: Double = 0, repeats: Bool = false) {
      self.source = source
      self.limit = limit
      self.cost = cost
      self.repeats = repeats
    }
  }

  /// The rest of a pass: the rows of other answers with their proposals, and its own latest token.
  package struct Company {
    /// The number of rows and, as expected, of new tokens.
    package var rows: Int
    package var tokens: Double

    /// `rows` answers without proposals; 1 for an answer alone.
    package init(rows: Int = 1) {
      self.rows = rows
      tokens = Double(rows)
    }
  }

  /// A pass of several answers that verified proposals.
  package struct SharedPass {
    /// The number of its answers, of its proposals, and of all rows.
    let answers: Int
    let proposals: Int
    let rows: Int
    let seconds: Double

    /// A pass with these numbers.
    package init(answers: Int, proposals: Int, rows: Int, seconds: Double) {
      self.answers = answers
      self.proposals = proposals
      self.rows = rows
      self.seconds = seconds
    }
  }

  package private(set) var acceptance = Acceptance()
  /// Of the kinds of sources.
  private var budgets = (lookup: firstBudget, draft: firstBudget * draftFactor, predictor: firstBudget)
  private let costs: PassCosts

  package init(costs: PassCosts) { self.costs = costs }

  /// The number of proposals to verify, and the expected gain: tokens per second of the pass relative to none.
  /// - Parameter company: the rest of the pass.
  package func decide(_ prospect: Prospect, in company: Company = Company()) -> (count: Int, gain: Double) {
    let limit = min(prospect.limit, PassCosts.mostRows - company.rows)
    guard costs.singleSeconds != nil, limit > 0 else { return (0, 1) }
    var best = (count: 0, gain: 1.0)
    let expected = acceptance.expectedTokens(prospect.source, upTo: limit)
    let plain = costs.ratio(rows: company.rows)
    for (count, tokens) in expected.enumerated().dropFirst() {
      let duration = costs.ratio(rows: company.rows + count) + prospect.cost * Double(count)
      guard duration - plain <= budget(prospect.source) else { break }
      var whole = duration
      if prospect.repeats {
        let rejection = 1 - (tokens - expected[count - 1])
        whole += rejection * (costs.ratio(rows: company.rows + Int(tokens)) - plain)
      }
      let gain = (company.tokens + tokens - 1) / company.tokens * plain / whole
      if gain > best.gain { best = (count, gain) }
    }
    return best.gain >= Self.leastGain ? best : (0, 1)
  }

  /// Records the tokens of a look-up that were not verified.
  /// - Parameter isHit: whether the first of them was sampled.
  package mutating func compare(_ source: Acceptance.Source, isHit: Bool) {
    acceptance.note(source, isAccepted: isHit)
  }

  /// Records a pass without proposals.
  /// - Parameter rows: the tokens that it processed; more than one after a rejection.
  package mutating func notePlain(rows: Int, seconds: Double) {
    costs.note(rows: rows, seconds: seconds)
    acceptance.forget(.draft)
    acceptance.forget(.predictor)
    let saved = rows > 1 ? costs.singleSeconds.map { 1 - seconds / $0 } ?? 0 : Self.share
    Self.add(saved, to: &budgets.lookup)
    Self.add(saved, to: &budgets.predictor)
    Self.add(rows > 1 ? saved : Self.share * Self.draftFactor, to: &budgets.draft)
  }

  /// Records a pass that verified proposals.
  /// - Parameters:
  ///   - seconds: the duration of the pass alone.
  ///   - proposing: the seconds that the proposals took.
  package mutating func note(
    _ source: Acceptance.Source, accepted: Int, of count: Int, seconds: Double, proposing: Double = 0
  ) {
    costs.note(rows: 1 + count, seconds: seconds)
    acceptance.note(source, accepted: accepted, of: count)
    guard let single = costs.singleSeconds else { return }
    // A pass that another program disturbed would have been as slow without proposals.
    let duration = min(seconds / single, Self.mostDisturbed * costs.ratio(rows: 1 + count))
    let saved = Double(accepted + 1) - duration - proposing / single
    switch source {
    case .lookup: Self.add(saved, to: &budgets.lookup)
    case .draft: Self.add(saved, to: &budgets.draft)
    case .predictor: Self.add(saved, to: &budgets.predictor)
    }
  }

  /// Records proposals of a pass that several answers share. Its duration is recorded by the caller, once.
  package mutating func note(
    _ source: Acceptance.Source, accepted: Int, of count: Int, in pass: SharedPass
  ) {
    acceptance.note(source, accepted: accepted, of: count)
    guard let single = costs.singleSeconds, pass.proposals > 0 else { return }
    let plain = costs.ratio(rows: pass.rows - pass.proposals)
    let duration = min(pass.seconds / single, Self.mostDisturbed * costs.ratio(rows: pass.rows))
    let share = Double(count) / Double(pass.proposals)
    let saved = Double(accepted) * plain / Double(pass.answers) - (duration - plain) * share
    Self.add(saved, to: &budgets.lookup)
  }

  /// Records a pass without proposals that several answers share.
  package mutating func noteSharedPlain() { Self.add(Self.share, to: &budgets.lookup) }

  private func budget(_ source: Acceptance.Source) -> Double {
    switch source {
    case .lookup: budgets.lookup
    case .draft: budgets.draft
    case .predictor: budgets.predictor
    }
  }

  private static func add(_ saved: Double, to budget: inout Double) {
    budget = min(budget + saved, largestBudget)
  }
}
