import Compute
import Models

// A run from its first token to its last.
extension GenerationRun {
  /// The tokens of the next pass.
  var input: [Int32] { unprocessed + (next.map { [$0] } ?? []) }

  /// The most tokens that may be proposed after `next`.
  var proposalLimit: Int {
    guard next != nil, !output.isForced else { return 0 }
    return min(request.maxTokens - statistics.generatedTokens, context - position - 1) - 1
  }

  /// The parameters of the draw after the input, and of those after each proposed token.
  func draws(proposals: [Int32] = []) -> [SamplingParameters] {
    output.draws(after: Array(reader.sequence.ledger.suffix(output.window)) + input, proposals: proposals)
  }

  /// Records a pass over the input and proposed tokens.
  /// - Parameters:
  ///   - state: has processed them.
  ///   - ids: the tokens sampled after the input and after each proposal.
  ///   - isAccepted: whether a proposal equals a sampled token.
  ///   - logProbabilities: those to report of the token after the input or a proposal; nil for none.
  /// - Returns: the number of accepted proposals.
  @discardableResult
  func finishPass(
    in state: SequenceState, proposals: [Int32] = [], sampled ids: [Int32],
    isAccepted: (Int32, Int32) -> Bool = { $0 == $1 },
    logProbabilities: (_ index: Int, _ id: Int32) -> TokenLogProbabilities?
  ) -> Int {
    verified = (state, input.count + proposals.count)
    unprocessed = input
    next = nil
    isIsolated = false
    statistics.draftedTokens += proposals.count
    var accepted = 0
    for (index, id) in ids.enumerated() {
      let isMatch = index < proposals.count && isAccepted(proposals[index], id)
      if isMatch { statistics.acceptedTokens += 1 }
      let taken = isMatch ? proposals[index] : id
      take(sampled: taken, logProbabilities(index, taken))
      guard phase == .decoding, isMatch, let token = next, !output.isForced else { break }
      accepted += 1
      unprocessed.append(token)
      next = nil
    }
    if phase == .decoding { settle() }
    return accepted
  }

  /// Records what the latest pass has processed, as far as it is part of the answer.
  func settle() {
    guard let (state, count) = verified else { return }
    verified = nil
    if unprocessed.count < count {
      guard state === reader.sequence.state else { return }
      state.truncate(to: state.length - (count - unprocessed.count))
    }
    reader.finish(unprocessed, in: state)
    unprocessed = []
  }

  /// Takes the next token, which follows the input, unless the run was cancelled meanwhile.
  /// - Parameter logProbabilities: those to report; nil for none.
  func take(sampled: Int32, _ logProbabilities: TokenLogProbabilities?) {
    guard !isCancelled else { return }
    let (id, isInserted) = output.next(sampled: sampled)
    guard id >= 0 else { return fail(GenerationError.notANumber(position: position)) }
    let isFirst = firstToken == nil
    if isFirst {
      firstToken = .now
      statistics.timeToFirstToken = (ContinuousClock.now - submission.started).seconds
    }
    if output.isEnd(id) { return finish(.stop) }
    statistics.generatedTokens += 1
    let (text, stopped) = output.add(
      id, isInserted: isInserted, wantsAnswer: submission.answerNow.isRequested)
    if let logProbabilities, !isInserted { submission.emit(.logProbabilities(logProbabilities)) }
    submission.emit(.token(id: id, text: text))
    if let firstToken { statistics.generationTime = (ContinuousClock.now - firstToken).seconds }
    if stopped { return finish(.stop, flushes: false) }
    guard statistics.generatedTokens < request.maxTokens, mayGoOn else { return finish(.length) }
    // Kept after the first token was shown, for another answer to the same prompt.
    if isFirst, reader.needsSnapshots, request.priority == .turn { reader.keep(.prompt) }
    next = id
    speculation?.note(id)
    do { try reader.check(id) } catch { fail(error) }
  }

  /// Whether the context has room for another token and, checked every 64 tokens, the memory budget.
  private var mayGoOn: Bool {
    guard position + 1 < context else { return false }
    return statistics.generatedTokens % 64 != 1
      || reader.hasRoom(for: 65 + SpeculationPolicy.most, others: reservedByOthers)
  }

  /// After a failed pass with others: makes the sequence usable again and isolates the run. A state that cannot be
  /// truncated is computed again.
  func recover() {
    isIsolated = true
    ahead = nil
    guard phase == .decoding, !reader.rollBack() else { return }
    do {
      try reader.restart(others: reservedByOthers)
      phase = .prefilling
    } catch { fail(error) }
  }
}
