import Compute
import Models

// Speculative decoding (arXiv:2211.17192) of an answer that runs alone.
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
  fileprivate func propose() -> Speculation.Proposal {
    speculation?.propose(
      Speculation.Context(
        tokens: { self.reader.sequence.ledger + self.input }, limit: unprocessed.isEmpty ? proposalLimit : 0,
        repeats: !reader.sequence.state.caches.allSatisfy { $0 is any KeyValueCache },
        vocabulary: loaded.model.facts.vocabularyCount, draw: { self.draws(proposals: $0).last }))
      ?? Speculation.Proposal()
  }
}
