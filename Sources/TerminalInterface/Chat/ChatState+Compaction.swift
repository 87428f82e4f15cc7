import Conversation

/// Making room in a full context.
extension ChatState {
  /// The turns of the path.
  private struct Turns {
    /// The positions of the user's messages in the path.
    var starts: [Int]
    /// The tokens in the context at the end of each turn; nil where they are unknown.
    var used: [Int?]
  }

  private var turns: Turns {
    let path = conversation.path
    let starts = path.indices.filter { conversation[path[$0]]?.role == .user }
    let used = starts.indices.map { turn -> Int? in
      let end = turn + 1 < starts.count ? starts[turn + 1] : path.endIndex
      return path[starts[turn]..<end].compactMap { conversation[$0]?.statistics?.contextUsed }.last
    }
    return Turns(starts: starts, used: used)
  }

  /// `/compact`: drops or summarises the oldest turns. The conversation as it was stays a branch.
  package mutating func compact(_ argument: String) -> [ChatEffect] {
    let turns = turns
    guard turns.starts.count > 1 else {
      show("There is no turn before the last one that could be dropped")
      return []
    }
    let context = model?.contextLength ?? 0
    if "summarise".hasPrefix(argument.lowercased()) && argument.count > 1 || argument == "summarize" {
      guard model != nil, loading == nil else {
        show("No model is loaded: choose one with /model")
        return []
      }
      let dropped = CompactionDecision.droppedTurns(used: turns.used, context: context)
      return summarise(dropped, then: .nothing)
    }
    if argument.isEmpty {
      drop(CompactionDecision.droppedTurns(used: turns.used, context: context))
    } else if let kept = Int(argument), (1..<turns.starts.count).contains(kept) {
      drop(turns.starts.count - kept)
    } else {
      show("/compact takes the number of turns to keep, from 1 to \(turns.starts.count - 1), or summarise")
    }
    return []
  }

  /// Drops the oldest turns from what the model sees.
  package mutating func drop(_ dropped: Int) {
    let (path, turns) = (conversation.path, turns)
    let tokens = turns.used.indices.contains(dropped - 1) ? turns.used[dropped - 1] ?? 0 : 0
    let start = dropped < turns.starts.count ? turns.starts[dropped] : path.endIndex
    conversation.restart(with: Array(path[start...])) { message in
      guard let contextUsed = message.statistics?.contextUsed else { return }
      message.statistics?.contextUsed = max(0, contextUsed - tokens)
    }
    transcript.showPath(conversation.path)
    (scroll, editing) = (.live, nil)
    statistics = conversation.last(.assistant).flatMap { conversation[$0]?.statistics }
    let size = tokens > 0 ? ", about \(grouped(tokens)) tokens" : ""
    showNotice(
      "Dropped \(dropped == 1 ? "1 turn" : "\(dropped) turns")\(size) from what the model sees. /branch switches back "
        + "to the whole conversation.")
  }

  // A message that does not fit

  /// The conversation with the message of a turn does not fit.
  package mutating func exceeded(_ turn: TurnProgress, tokens: Int, context: Int) -> [ChatEffect] {
    // The summary of a long conversation may not fit either.
    if summary?.turn == turn.id { return finish(turn, .failed) }
    let excess = ContextExcess(tokens: tokens, context: context, sent: turn.origin.sent?.draft)
    self.turn = nil
    withdraw(turn.origin, returnsMessage: false)
    let used = turns.used
    let decision = ContextDecision.decide(
      userSettings.text(.contextFull).flatMap(ContextPolicy.init) ?? .ask, excess, used: used,
      isNewMessage: turn.origin.sent != nil && turn.origin.editing == nil)
    guard let sent = turn.origin.sent else {
      transcript.addNotice("\(excess.numbers) /compact makes room.", .error)
      return []
    }
    switch decision {
    case .stop(let reason):
      returnToComposer(sent.draft, text: sent.text, editing: turn.origin.editing)
      transcript.addNotice("\(excess.numbers) \(reason)", .error)
    case .ask:
      returnToComposer(sent.draft, text: sent.text)
      question = .context(excess)
    case .drop(let turns): return makeRoom(.drop, turns, excess)
    case .summarise(let turns): return makeRoom(.summarise, turns, excess)
    }
    return []
  }

  /// The answer to the question what to do with a message that does not fit. The choice is kept as a setting.
  package mutating func answer(_ excess: ContextExcess, _ text: String) -> [ChatEffect] {
    let policies: [String: ContextPolicy] = ["d": .drop, "s": .summarise, "n": .stop]
    guard let policy = policies[String(text.lowercased().prefix(1))] else {
      show("The message is in the composer; /compact makes room")
      return []
    }
    set(.contextFull, to: .text(policy.rawValue))
    let kept = [ChatEffect.saveSettings([.contextFull: .text(policy.rawValue)])]
    switch ContextDecision.decide(policy, excess, used: turns.used, isNewMessage: true) {
    case .stop, .ask: return kept
    case .drop(let turns): return kept + makeRoom(.drop, turns, excess)
    case .summarise(let turns): return kept + makeRoom(.summarise, turns, excess)
    }
  }

  // Makes room, and sends the message again. Another draft in the composer stays.
  private mutating func makeRoom(
    _ policy: ContextPolicy, _ dropped: Int, _ excess: ContextExcess
  ) -> [ChatEffect] {
    guard let sent = excess.sent else { return [] }
    if draft.elements == sent.elements { draft.clear() }
    if policy == .summarise { return summarise(dropped, then: .send(sent)) }
    drop(dropped)
    return send(again: sent)
  }

  package mutating func send(again sent: Draft) -> [ChatEffect] {
    guard case .message(let text) = SubmittedLine.parse(sent.text) else { return [] }
    let (current, before) = (draft, editing)
    (draft, editing) = (sent, nil)
    let effects = submit(message: text)
    (draft, editing) = (current, before)
    return effects
  }

  /// After an answer that ended at the end of the context: makes room and continues it, unless the user decides.
  package mutating func continueInFullContext() -> [ChatEffect] {
    let turns = turns
    guard turns.starts.count > 1, comparison == nil,
      let policy = userSettings.text(.contextFull).flatMap(ContextPolicy.init),
      policy == .drop
        || policy == .summarise
    else { return [] }
    let dropped = CompactionDecision.droppedTurns(used: turns.used, context: model?.contextLength ?? 0)
    if policy == .summarise { return summarise(dropped, then: .continueAnswer) }
    drop(dropped)
    return continueAnswer()
  }
}

/// How many of the oldest turns are dropped to make room.
package enum CompactionDecision {
  /// The turns to drop, at least one and not the last: as few as leave a share of the context free. Without numbers,
  /// half of the turns.
  ///
  /// - Parameters:
  ///   - used: the tokens in the context at the end of each turn; nil where they are unknown.
  ///   - context: the length of the context in tokens; 0 when it is unknown.
  ///   - share: the share of the context that is to be free.
  package static func droppedTurns(used: [Int?], context: Int, share: Double = 0.5) -> Int {
    let most = max(1, used.count - 1)
    guard context > 0, let total = used.last ?? nil else { return min(most, max(1, used.count / 2)) }
    for turns in 1..<max(2, most) {
      guard let freed = used[turns - 1] else { continue }
      if Double(total - freed) <= Double(context) * (1 - share) { return turns }
    }
    return most
  }
}

/// A message for which the context has no room.
package struct ContextExcess: Sendable, Equatable {
  /// The tokens of the conversation with the message.
  package var tokens: Int
  /// The tokens of the context.
  package var context: Int
  /// The draft that was sent.
  package var sent: Draft?

  package init(tokens: Int, context: Int, sent: Draft?) {
    (self.tokens, self.context, self.sent) = (tokens, context, sent)
  }

  package var numbers: String {
    "The conversation with this message needs \(grouped(tokens)) tokens; the context has \(grouped(context))."
  }
}

/// What happens with a message that does not fit.
package enum ContextDecision: Sendable, Equatable {
  /// The message goes back to the composer; what the user can do.
  case stop(String)
  case ask
  /// The number of oldest turns that are dropped or summarised, so that the message fits.
  case drop(Int)
  case summarise(Int)

  /// - Parameters:
  ///   - used: the tokens in the context at the end of each earlier turn; nil where they are unknown.
  ///   - isNewMessage: false for an edit and for another answer, whose conversation is not shown.
  package static func decide(
    _ policy: ContextPolicy, _ excess: ContextExcess, used: [Int?], isNewMessage: Bool
  ) -> ContextDecision {
    let message = excess.tokens - (used.last.flatMap { $0 } ?? 0)
    guard !used.isEmpty, message < excess.context else {
      return .stop("The message alone is too long: shorten it, or choose a model with a longer context.")
    }
    guard isNewMessage, policy != .stop else { return .stop("/compact makes room.") }
    if policy == .ask { return .ask }
    // Less than with /compact: the message is part of the conversation already.
    let turns = CompactionDecision.droppedTurns(
      used: used + [excess.tokens], context: excess.context, share: 0.25)
    return policy == .drop ? .drop(turns) : .summarise(turns)
  }
}
