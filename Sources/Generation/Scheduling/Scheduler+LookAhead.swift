import Compute
import Models

// Decoding with a backend that computes behind the host: the pass over a sampled token is enqueued before the token is read,
// so that the device computes while the host does its part of the work. The pass is in vain if the token ends its answer.
extension Scheduler {
  /// Whether the next pass of these runs can be followed by one over the tokens that it samples.
  func mayLookAhead(
    _ runs: [GenerationRun], _ proposals: [Speculation.Proposal], _ loaded: LoadedModel
  ) -> Bool {
    loaded.looksAhead && proposals.allSatisfy(\.tokens.isEmpty) && runs.allSatisfy(\.mayLookAhead)
  }

  /// Processes the latest tokens of answers some of which have a pass ahead: of those that share this one. The others follow
  /// in the next step, with all.
  func decodeTogether(_ runs: [GenerationRun], after pass: PassAhead, _ loaded: LoadedModel) {
    let members = runs.filter { $0.ahead === pass }
    decodeStep(members, propose(for: members), after: pass, loaded, isWhole: members.count == runs.count)
  }

  /// Processes the latest token of each run, samples the next ones, and enqueues the pass over these.
  /// - Parameters:
  ///   - proposals: if there are any, no pass is enqueued, so that the next step verifies proposals.
  ///   - pass: the pass over the latest tokens; nil if it is not enqueued yet.
  ///   - isWhole: whether no other run is to take part in the pass after this one.
  func decodeStep(
    _ runs: [GenerationRun], _ proposals: [Speculation.Proposal], after pass: PassAhead?,
    _ loaded: LoadedModel, isWhole: Bool = true
  ) {
    if let pass, !pass.holds(runs) {
      for run in runs { run.recover() }
      return
    }
    let goesOn = isWhole && mayLookAhead(runs, proposals, loaded)
    let start = ContinuousClock.now
    for run in runs { (run.ahead, run.aheadToken) = (nil, nil) }
    do {
      let tokens = try sampled(runs, pass, loaded)
      if goesOn {
        (loaded.backend as? any LookAheadBackend)?.startReading(tokens)
        let next = try PassAhead(runs, tokens, loaded)
        for run in runs { run.ahead = next }
      }
      let ids = try loaded.ids(tokens)
      let seconds = (ContinuousClock.now - start).seconds
      if runs.count > 1, runs.contains(where: { $0.speculation != nil }) {
        loaded.costs.note(rows: runs.count, seconds: seconds)
      }
      for (index, run) in runs.enumerated() {
        run.aheadToken = ids[index]
        run.finishPass(
          in: run.reader.sequence.state, sampled: [ids[index]], logProbabilities: { _, _ in nil })
        // What was proposed but not verified is only compared.
        let proposal = proposals[index].tokens.isEmpty ? proposals[index] : Speculation.Proposal()
        if runs.count == 1 {
          run.speculation?.finish(proposal, accepted: 0, rows: 1, sampled: ids[index], seconds: seconds)
        } else {
          let shared = SpeculationPolicy.SharedPass(
            answers: runs.count, proposals: 0, rows: runs.count, seconds: seconds)
          run.speculation?.finish(proposal, accepted: 0, sampled: ids[index], in: shared)
        }
      }
    } catch {
      for run in runs { run.ahead = nil }
      fail(runs, error)
    }
  }

  /// The tokens after the latest ones, not read. The logits are given up with the return.
  private func sampled(_ runs: [GenerationRun], _ pass: PassAhead?, _ loaded: LoadedModel) throws -> Tokens {
    let draws = runs.flatMap { $0.draws() }
    if let logits = pass?.take(runs, on: loaded.backend) { return loaded.backend.sample(logits, draws) }
    var input = ForwardInput(
      tokens: runs.flatMap(\.input), sequences: runs.map(\.reader.sequence.state),
      counts: runs.map { _ in 1 }, outputs: Array(runs.indices))
    input.rowsAreSteps = true
    return loaded.backend.sample(try loaded.model.forward(input), draws)
  }
}

extension GenerationRun {
  /// Whether the token after the input will be processed, unless it ends the answer: it is neither inserted nor the last.
  ///
  /// A recurrent state that has processed a token in vain stays so: it is kept with that token, which is as good where the
  /// token ended the answer, but not where it was the end of a stop string.
  var mayLookAhead: Bool {
    guard phase == .decoding, next != nil, unprocessed.isEmpty, !isIsolated, !output.isForced,
      request.logProbabilities == nil, speculation?.mayLookAhead ?? true
    else { return false }
    return statistics.generatedTokens + 1 < request.maxTokens && position + 2 < context
      && (request.stopStrings.isEmpty || reader.sequence.state.caches.allSatisfy { $0 is any KeyValueCache })
  }

  /// At the end of the answer: removes what a pass ahead has added to the caches. Where they cannot be truncated, they keep
  /// its token.
  func endAhead() {
    guard ahead != nil else { return }
    ahead = nil
    guard !reader.rollBack(), let id = aheadToken, (try? reader.check(id)) != nil else { return }
    reader.finish(CollectionOfOne(id), in: reader.sequence.state)
  }
}

extension Speculation {
  /// Whether proposals need no pass of another model, and no hidden states.
  var mayLookAhead: Bool { settings.draft == nil && predictor == nil }
}
