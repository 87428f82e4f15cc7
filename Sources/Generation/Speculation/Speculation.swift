import Basics
import Compute
import Models

/// Proposes the next tokens of one answer and learns from what became of them.
struct Speculation {
  /// Tokens that may follow the latest one.
  struct Proposal {
    /// The tokens that the next pass verifies; empty if that does not pay.
    var tokens: [Int32] = []
    /// Their source; nil if there is nothing to propose.
    var source: Acceptance.Source?
    /// The first token of a look-up that is not verified, for comparison.
    var compared: Int32?
    /// The seconds that it took to make them.
    var seconds = 0.0
  }

  /// What a proposal may depend on.
  struct Context {
    /// The tokens of prompt and answer, copied.
    let tokens: () -> [Int32]
    /// Their number.
    let length: Int
    /// At most so many of the last of them.
    let latest: (Int) -> [Int32]
    /// The largest number of proposals.
    let limit: Int
    /// See `SpeculationPolicy.Prospect`.
    let repeats: Bool
    /// The size of the vocabulary.
    let vocabulary: Int
    /// The parameters of the draw after some proposals.
    let draw: ([Int32]) -> SamplingParameters?
    /// The rest of the pass; nil for an answer alone. Only an answer alone has proposals of a model.
    var company: SpeculationPolicy.Company?
  }

  let settings: SpeculationSettings
  /// The draft model's sequence; nil without one.
  var draft: DraftReader?
  /// The model's own predictor; nil without one.
  private(set) var predictor: PredictorReader?
  private var policy: SpeculationPolicy
  private var index = NGramIndex()
  private let costs: PassCosts
  private var random = SplitMix64(seed: 1)

  /// - Parameter loaded: the request's model.
  init?(_ request: GenerationRequest, _ loaded: LoadedModel) {
    guard request.priority == .turn, request.speculation.mode != .off else { return nil }
    settings = request.speculation
    costs = loaded.costs
    policy = SpeculationPolicy(costs: costs)
    predictor = settings.usesPredictor ? PredictorReader(loaded) : nil
  }

  /// Takes the model's hidden states for the predictor; see `PredictorReader.note`.
  mutating func note(_ hidden: HiddenStates?, count: Int, at position: Int) {
    guard let rows = hidden?.rows else { return }
    predictor?.note(rows, count: count, at: position)
  }

  /// Records a token of the answer.
  mutating func note(_ id: Int32) {
    if index.count > 0 { index.append(id) }
  }

  /// Whether a proposal counts as sampled.
  mutating func isAccepted(_ proposal: Int32, sampled: Int32) -> Bool {
    guard let probability = settings.madeUpAcceptance else { return proposal == sampled }
    return random.uniform() < probability
  }

  /// Proposes tokens: by look-up or by the draft model or predictor, whichever promises more.
  mutating func propose(_ context: Context) -> Proposal {
    let lookup = lookup(context)
    guard context.company == nil else { return lookup.proposal }
    let other =
      draft != nil
      ? proposeByDraft(context, better: lookup.gain) : proposeByPredictor(context, better: lookup.gain)
    return other ?? lookup.proposal
  }

  private mutating func lookup(_ context: Context) -> (proposal: Proposal, gain: Double) {
    guard settings.usesLookup else { return (Proposal(), 1) }
    if index.count == 0 { index.append(contentsOf: context.tokens()) }
    guard context.limit > 0, let match = index.match() else { return (Proposal(), 1) }
    let source = Acceptance.Source.lookup(match: match.length)
    let (count, gain) = decide(
      .init(source, limit: context.limit, repeats: context.repeats), in: context.company)
    let tokens = index.continuation(of: match, count: max(count, 1))
    return count > 0
      ? (Proposal(tokens: tokens, source: source), gain)
      : (Proposal(source: source, compared: tokens.first), 1)
  }

  private func decide(
    _ prospect: SpeculationPolicy.Prospect, in company: SpeculationPolicy.Company? = nil
  ) -> (count: Int, gain: Double) {
    switch settings.mode {
    case .off: (0, 1)
    case .fixed(let count): (min(count, prospect.limit, SpeculationPolicy.most), 2)
    case .automatic: policy.decide(prospect, in: company ?? SpeculationPolicy.Company())
    }
  }

  /// The tokens that are expected of proposals, besides the sampled one.
  func expectedTokens(_ proposal: Proposal) -> Double {
    guard let source = proposal.source, !proposal.tokens.isEmpty else { return 0 }
    return (policy.acceptance.expectedTokens(source, upTo: proposal.tokens.count).last ?? 1) - 1
  }

  /// - Parameter better: the gain that it must exceed.
  /// - Returns: nil for no proposals.
  private mutating func proposeByDraft(_ context: Context, better gain: Double) -> Proposal? {
    let tokens = context.tokens()
    guard let draft, let single = costs.singleSeconds ?? (settings.mode == .automatic ? nil : 1) else {
      return nil
    }
    do {
      // The draft model is some tokens behind: at first the whole prompt.
      guard draft.missing(tokens) <= PassCosts.mostRows else {
        try self.draft?.read(tokens)
        return nil
      }
      let limit = min(context.limit, draft.limit(after: tokens.count))
      let situation = situation(.draft, tokens, single)
      self.draft?.chooseVocabulary(situation)
      let cost = (self.draft?.secondsPerProposal ?? 0.1 * single) / single
      let decision = decide(.init(.draft, limit: limit, cost: cost, repeats: context.repeats))
      guard decision.count > 0, decision.gain > gain else { return nil }
      let start = ContinuousClock.now
      let proposals = try self.draft?.propose(
        decision.count, after: tokens, vocabulary: context.vocabulary, draw: context.draw)
      guard let proposals, !proposals.isEmpty else { return nil }
      return Proposal(tokens: proposals, source: .draft, seconds: (ContinuousClock.now - start).seconds)
    } catch {
      // The answer goes on without the draft model.
      self.draft = nil
      return nil
    }
  }

  private func situation(
    _ source: Acceptance.Source, _ tokens: [Int32], _ single: Double
  ) -> DraftVocabulary.Situation {
    // With a made-up acceptance, every token counts as one that could be proposed.
    DraftVocabulary.Situation(
      tokens: tokens, isCovered: settings.madeUpAcceptance != nil,
      acceptance: policy.acceptance.probability(source), costs: costs, single: single)
  }

  /// - Parameter better: the gain that it must exceed.
  /// - Returns: nil for no proposals.
  private mutating func proposeByPredictor(_ context: Context, better gain: Double) -> Proposal? {
    guard predictor != nil, let single = costs.singleSeconds ?? (settings.mode == .automatic ? nil : 1) else {
      return nil
    }
    let situation = situation(.predictor, context.latest(DraftVocabulary.memory), single)
    self.predictor?.chooseVocabulary(situation)
    let cost = (self.predictor?.secondsPerProposal ?? 0.1 * single) / single
    let decision = decide(.init(.predictor, limit: context.limit, cost: cost, repeats: context.repeats))
    guard decision.count > 0, decision.gain > gain else { return nil }
    let latest = context.latest(predictor?.missing ?? 0)
    do {
      let made = try self.predictor?.propose(
        decision.count, after: latest, of: context.length, vocabulary: context.vocabulary, draw: context.draw)
      guard let made, !made.tokens.isEmpty else { return nil }
      return Proposal(tokens: made.tokens, source: .predictor, seconds: made.seconds)
    } catch {
      // The answer goes on without the predictor.
      self.predictor = nil
      return nil
    }
  }

  /// Records the outcome of a pass.
  /// - Parameters:
  ///   - rows: the tokens that it processed besides the proposals.
  ///   - sampled: the token after those rows.
  mutating func finish(
    _ proposal: Proposal, accepted: Int, rows: Int, sampled: Int32?, seconds: Double
  ) {
    guard let source = proposal.source, !proposal.tokens.isEmpty else {
      policy.notePlain(rows: rows, seconds: seconds)
      if let source = proposal.source { policy.compare(source, isHit: proposal.compared == sampled) }
      return
    }
    policy.note(
      source, accepted: accepted, of: proposal.tokens.count, seconds: seconds, proposing: proposal.seconds)
  }

  /// Records the outcome of a pass that several answers share.
  /// - Parameter sampled: the token after the input.
  mutating func finish(
    _ proposal: Proposal, accepted: Int, sampled: Int32?, in pass: SpeculationPolicy.SharedPass
  ) {
    guard let source = proposal.source, !proposal.tokens.isEmpty else {
      if pass.proposals == 0 { policy.noteSharedPlain() }
      if let source = proposal.source { policy.compare(source, isHit: proposal.compared == sampled) }
      return
    }
    policy.note(source, accepted: accepted, of: proposal.tokens.count, in: pass)
  }
}
