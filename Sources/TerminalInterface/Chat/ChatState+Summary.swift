import Conversation

/// Summarising the oldest turns: the model answers a request for a summary, which replaces them. The conversation as it
/// was stays a branch.
extension ChatState {
  /// The summary that is being generated.
  package struct PendingSummary: Sendable {
    /// What follows the summary.
    package enum Next: Sendable {
      case nothing
      case send(Draft)
      case continueAnswer
    }

    var turn: Int
    /// The messages that stay after the summary.
    var kept: [MessageTree.ID]
    /// The tokens of the summarised turns.
    var tokens: Int
    var count: Int
    var before: MessageTree
    var next: Next
  }

  /// The request for the summary, which is the first message of the new branch.
  package static let summaryRequest = """
    Summarise our conversation so far in at most 200 words: the facts, names, numbers, decisions and open questions that \
    are needed to continue it.
    """

  /// Starts to summarise the oldest turns.
  package mutating func summarise(_ count: Int, then next: PendingSummary.Next) -> [ChatEffect] {
    let path = conversation.path
    let starts = path.indices.filter { conversation[path[$0]]?.role == .user }
    let context = model?.contextLength ?? 0
    // The request and the summary must fit behind the turns.
    let reserve = max(300, context / 8)
    func used(_ turns: Int) -> Int {
      let end = turns < starts.count ? starts[turns] : path.endIndex
      return path[..<end].compactMap { conversation[$0]?.statistics?.contextUsed }.last ?? 0
    }
    var count = min(count, starts.count)
    while context > 0, count > 0, used(count) + reserve > context { count -= 1 }
    guard count > 0 else {
      drop(1)
      return follow(next)
    }
    let end = count < starts.count ? starts[count] : path.endIndex
    var request = request
    let start = request.messages.first?.role == .system ? 1 : 0
    request.messages =
      Array(request.messages.prefix(start + end)) + [Message(role: .user, content: Self.summaryRequest)]
    request.settings.maxTokens = min(request.settings.maxTokens ?? .max, reserve - 100)
    let before = conversation
    let tokens = used(count)
    conversation.restart(with: [])
    conversation.append(Message(role: .user, content: Self.summaryRequest))
    let effects = startTurn(TurnOrigin(conversation: before), request)
    guard let turn else { return effects }
    summary = PendingSummary(
      turn: turn.id, kept: Array(path[end...]), tokens: tokens, count: count, before: before, next: next)
    show("Summarising \(count == 1 ? "1 turn" : "\(count) turns") to make room")
    return effects
  }

  /// The summary ended: the kept messages follow it, and what waited for it.
  package mutating func finishSummary(
    _ summary: PendingSummary, _ turn: TurnProgress, _ reason: FinishReason
  ) -> [ChatEffect] {
    self.summary = nil
    clearFlash()
    let answer = conversation[turn.answer]?.content ?? ""
    guard reason == .stop || reason == .length, !answer.isEmpty else {
      let systemPrompt = conversation.systemPrompt
      conversation = summary.before
      conversation.systemPrompt = systemPrompt
      transcript.showPath(conversation.path)
      if case .send(let sent) = summary.next { returnToComposer(sent, text: sent.text) }
      transcript.addNotice("The conversation was not summarised; /compact drops the oldest turns.", .error)
      return []
    }
    let size = max(0, (turn.statistics.contextUsed) - summary.tokens)
    for id in summary.kept {
      guard var message = conversation[id] else { continue }
      if let used = message.statistics?.contextUsed {
        message.statistics?.contextUsed = max(0, used - summary.tokens + size)
      }
      conversation.append(message)
    }
    conversation.update(turn.answer) { $0.statistics?.contextUsed = size }
    transcript.showPath(conversation.path)
    statistics = conversation.last(.assistant).flatMap { conversation[$0]?.statistics }
    showNotice(
      "Summarised \(summary.count == 1 ? "1 turn" : "\(summary.count) turns"). /branch switches back to the whole "
        + "conversation.")
    return follow(summary.next)
  }

  private mutating func follow(_ next: PendingSummary.Next) -> [ChatEffect] {
    switch next {
    case .nothing: []
    case .send(let sent): send(again: sent)
    case .continueAnswer: continueAnswer()
    }
  }
}
