import Compute
import Models

// Speculative decoding (arXiv:2211.17192) of an answer that runs alone or of a few together.
extension Scheduler {
  /// Processes the latest token of an answer together with proposed ones, and takes the sampled tokens as far as the
  /// proposals are equal.
  ///
  /// Each token is sampled from the model's logits after the tokens that precede it, with the random number of its
  /// position. A proposal that is made without randomness is thus accepted with the model's probability of it, and the
  /// token in place of a rejected one has the distribution of the others: the answer's distribution is the model's, and a
  /// seed gives the same answer as without proposals.
  func decodeAhead(_ run: GenerationRun, _ loaded: LoadedModel) {
    let proposal = run.propose(), proposals = proposal.tokens
    if let pass = run.ahead { return decodeStep([run], [proposal], after: pass, loaded) }
    if mayLookAhead([run], [proposal], loaded) { return decodeStep([run], [proposal], after: nil, loaded) }
    let rows = run.input.count, tokens = run.input + proposals
    let state = proposals.isEmpty ? run.reader.sequence.state : run.reader.verificationState
    var input = ForwardInput(
      tokens: tokens, sequences: [state], counts: [tokens.count], outputs: Array(rows - 1..<tokens.count))
    // The tokens are those of single steps, even where two logits are almost equal.
    input.rowsAreSteps = true
    input.hiddenStates = run.speculation?.predictor == nil ? nil : HiddenStates()
    let position = run.reader.sequence.ledger.count
    let draws = run.draws(proposals: proposals)
    let start = ContinuousClock.now
    do {
      let logits = try loaded.model.forward(input)
      let ids = try loaded.sample(logits, draws)
      let seconds = (ContinuousClock.now - start).seconds
      let accepted = run.finishPass(
        in: state, proposals: proposals, sampled: ids,
        isAccepted: { run.speculation?.isAccepted($0, sampled: $1) ?? false },
        logProbabilities: { loaded.logProbabilities(logits, row: $0, of: $1, run.request) })
      run.speculation?.note(input.hiddenStates, count: rows + accepted, at: position)
      run.speculation?.finish(
        proposal, accepted: accepted, rows: rows, sampled: ids.first, seconds: seconds)
    } catch {
      fail([run], error)
    }
  }

  /// Processes the latest tokens of several answers with tokens that look-ups propose, in one pass, and takes the sampled
  /// tokens as far as the proposals are equal.
  func decodeTogether(_ runs: [GenerationRun], _ loaded: LoadedModel) {
    if let pass = runs.lazy.compactMap(\.ahead).first { return decodeTogether(runs, after: pass, loaded) }
    let proposals = propose(for: runs)
    if mayLookAhead(runs, proposals, loaded) { return decodeStep(runs, proposals, after: nil, loaded) }
    let inputs = zip(runs, proposals).map { $0.input + $1.tokens }
    let states = zip(runs, proposals).map { run, proposal in
      proposal.tokens.isEmpty ? run.reader.sequence.state : run.reader.verificationState
    }
    // The row of the latest token of each answer, before those of its proposals.
    var rows = 0, outputs: [Int] = []
    for (input, proposal) in zip(inputs, proposals) {
      rows += input.count
      outputs += rows - proposal.tokens.count - 1..<rows
    }
    var input = ForwardInput(
      tokens: inputs.flatMap { $0 }, sequences: states, counts: inputs.map(\.count), outputs: outputs)
    // Tokens that are verified, or processed again after a rejection, are steps too.
    input.rowsAreSteps = true
    let start = ContinuousClock.now
    do {
      let logits = try loaded.model.forward(input)
      let ids = try loaded.sample(logits, zip(runs, proposals).flatMap { $0.draws(proposals: $1.tokens) })
      let pass = SpeculationPolicy.SharedPass(
        answers: runs.count, proposals: proposals.reduce(0) { $0 + $1.tokens.count }, rows: rows,
        seconds: (ContinuousClock.now - start).seconds)
      if runs.contains(where: { $0.speculation != nil }) {
        loaded.costs.note(rows: rows, seconds: pass.seconds)
      }
      var first = 0
      for (place, (run, proposal)) in zip(runs, proposals).enumerated() {
        let sampled = Array(ids[first..<first + 1 + proposal.tokens.count]), row = first
        first += sampled.count
        let accepted = run.finishPass(
          in: states[place], proposals: proposal.tokens, sampled: sampled,
          isAccepted: { run.speculation?.isAccepted($0, sampled: $1) ?? false },
          logProbabilities: { loaded.logProbabilities(logits, row: row + $0, of: $1, run.request) })
        run.speculation?.finish(proposal, accepted: accepted, sampled: sampled.first, in: pass)
      }
    } catch {
      fail(runs, error)
    }
  }

  /// The proposals for the answers of a pass; those of the first ones count when the others are decided on.
  func propose(for runs: [GenerationRun]) -> [Speculation.Proposal] {
    guard runs.count <= Self.mostSpeculating, !runs.contains(where: \.isIsolated) else {
      return runs.map { _ in Speculation.Proposal() }
    }
    var company = SpeculationPolicy.Company(rows: runs.reduce(0) { $0 + $1.input.count })
    company.tokens = Double(runs.count)
    return runs.map { run in
      let proposal = run.propose(in: company)
      company.rows += proposal.tokens.count
      company.tokens += run.speculation?.expectedTokens(proposal) ?? 0
      return proposal
    }
  }
}

extension GenerationRun {
  /// Prepares the draft model of the request.
  /// - Parameter model: a resident model; nil if it is not resident.
  func attachDraft(_ model: (String) -> LoadedModel?) {
    guard phase == .decoding, let key = speculation?.settings.draft, !hasDraft, let draft = model(key) else {
      return
    }
    hasDraft = true
    speculation?.draft = DraftReader(
      reader.sequence.ledger + unprocessed, loaded: draft, key: key, session: request.session,
      cache: reader.cache,
      others: reservedByOthers)
  }

  /// The tokens to verify after the input. None follow a rejection until the accepted tokens are in the caches.
  /// - Parameter company: the rest of the pass; nil for an answer alone.
  fileprivate func propose(in company: SpeculationPolicy.Company? = nil) -> Speculation.Proposal {
    speculation?.propose(
      Speculation.Context(
        tokens: { self.reader.sequence.ledger + self.input },
        length: reader.sequence.ledger.count + input.count, latest: latest,
        limit: unprocessed.isEmpty ? proposalLimit : 0,
        repeats: !reader.sequence.state.caches.allSatisfy { $0 is any KeyValueCache },
        vocabulary: loaded.model.facts.vocabularyCount, draw: { self.draws(proposals: $0).last },
        company: company))
      ?? Speculation.Proposal()
  }

  /// At most `count` of the last tokens of prompt and answer.
  private func latest(_ count: Int) -> [Int32] {
    let input = input
    guard input.count < count else { return input.suffix(count) }
    return reader.sequence.ledger.suffix(count - input.count) + input
  }
}
