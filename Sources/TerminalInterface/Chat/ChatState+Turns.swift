import Conversation

/// Sending messages and receiving answers.
extension ChatState {
  /// Sends the user's message.
  package mutating func submit(message text: String) -> [ChatEffect] {
    guard turn == nil else {
      if editing != nil {
        show("An edited message is sent when the answer has ended; Esc stops the answer")
      } else {
        queued.append(draft)
        draft.clear()
      }
      return []
    }
    guard !session.isBusy else {
      show("A conversation is loading; press Enter again when it is open")
      return []
    }
    guard model != nil || loading != nil else {
      if knowsModels || editing != nil {
        show("No model is loaded: choose one with /model")
      } else {
        // It is sent when the engine has named its model, right after the start.
        queued.append(draft)
        draft.clear()
      }
      return []
    }
    if editsAnswer { return submitEditedAnswer(text) }
    let origin = TurnOrigin(conversation: conversation, sent: (draft, text), editing: editing)
    if let editing {
      conversation.branch(from: editing, Message(role: .user, content: text))
      self.editing = nil
    } else {
      conversation.append(Message(role: .user, content: text))
    }
    history.add(text)
    draft.clear()
    return [.appendHistory(text)] + startTurn(origin)
  }

  /// Requests an answer to the current path, or to another request.
  package mutating func startTurn(_ origin: TurnOrigin, _ other: ChatRequest? = nil) -> [ChatEffect] {
    // The answer is added to the tree before its first token, so that nothing is lost when it is stopped.
    let request = other ?? request
    let answer = conversation.append(Message(role: .assistant, content: "", model: model?.name))
    transcript.showPath(conversation.path)
    scroll = .live
    let id = nextTurn()
    turn = TurnProgress(
      id: id, answer: answer, model: loading == nil ? model : nil,
      phase: loading == nil ? .waiting : .loading, started: now, origin: origin)
    let context = PromptContext(
      session: session.id, model: model?.name, systemPrompt: conversation.systemPrompt,
      effort: settings.effort)
    turn?.change = context.change(since: lastPrompt)
    lastPrompt = context
    statistics = nil
    return loading == nil ? [.send(turn: id, request)] : []
  }

  /// The current conversation as a request.
  package var request: ChatRequest {
    ChatRequest(messages: conversation.messages, settings: settings, session: session.id)
  }

  /// Handles an event of a turn; events of earlier turns are dropped.
  package mutating func handle(_ event: EngineEvent, turn id: Int) -> [ChatEffect] {
    if comparison != nil {
      compare(event, turn: id)
      return []
    }
    return apply(event, turn: id)
  }

  /// Handles an event of the current turn.
  @discardableResult
  mutating func apply(_ event: EngineEvent, turn id: Int) -> [ChatEffect] {
    guard var turn, turn.id == id else { return [] }
    switch event {
    case .waiting(let message): show(message)
    case .prefill(let done, let total, let reused):
      turn.recordPrefill(done: done, total: total, reused: reused, now: now)
      turn.statistics.promptTokens = total
      turn.statistics.reusedTokens = reused
    case .delta(let channel, let text):
      turn.phase = channel == .reasoning ? .thinking : .writing
      if turn.statistics.timeToFirstToken == nil { turn.statistics.timeToFirstToken = now - turn.started }
      if channel == .reasoning && turn.thinkingSince == nil { turn.thinkingSince = now }
      let thinkingTime = turn.thinkingSince.map { now - $0 }
      conversation.update(turn.answer) { [turn] message in
        if channel == .reasoning { message.reasoning += text } else { message.content += text }
        if channel == .reasoning || message.reasoningTime == nil { message.reasoningTime = thinkingTime }
        // Saved with the answer, for a resumed session whose answer was interrupted.
        message.statistics = turn.statistics
      }
    case .progress(let statistics):
      turn.recordTokens(statistics.generatedTokens, now: now)
      turn.statistics = merged(turn.corrected(statistics), turn.statistics)
    case .finished(let reason, let statistics):
      turn.statistics = merged(turn.corrected(statistics), turn.statistics)
      return finish(turn, reason)
    case .contextExceeded(let tokens, let context) where comparison != nil:
      let excess = ContextExcess(tokens: tokens, context: context, sent: nil)
      return apply(.failed("\(excess.numbers) /compact makes room."), turn: id)
    case .contextExceeded(let tokens, let context):
      return exceeded(turn, tokens: tokens, context: context)
    case .failed(let message):
      let effects = finish(turn, .failed)
      transcript.addNotice(message, .error)
      return effects
    }
    self.turn = turn
    statistics = turn.statistics
    return []
  }

  // The engine's numbers; the time to first token is measured here until the engine reports one.
  private func merged(_ new: TurnStatistics, _ old: TurnStatistics) -> TurnStatistics {
    var result = new
    if result.timeToFirstToken == nil { result.timeToFirstToken = old.timeToFirstToken }
    if result.missReason != nil, let change = turn?.change { result.missReason = change }
    return result
  }

  @discardableResult
  package mutating func finish(_ turn: TurnProgress, _ reason: FinishReason) -> [ChatEffect] {
    var statistics = turn.statistics
    statistics.speeds = turn.speeds
    self.statistics = statistics
    conversation.update(turn.answer) { [statistics] message in
      message.finish = reason
      message.statistics = statistics
    }
    self.turn = nil
    // The status line names another model now.
    if turn.model?.name != model?.name { self.statistics = nil }
    if comparison == nil, let answer = conversation[turn.answer], answer.content.isEmpty,
      answer.reasoning.isEmpty,
      reason == .failed || reason == .cancelled
    {
      withdraw(turn.origin)
    }
    if let summary, summary.turn == turn.id { return finishSummary(summary, turn, reason) }
    return reason == .contextFull ? continueInFullContext() : []
  }

  // A turn without a single token is removed: an unanswered message would break templates in which the roles must
  // alternate. The message goes back to the composer.
  package mutating func withdraw(_ origin: TurnOrigin, returnsMessage: Bool = true) {
    let systemPrompt = conversation.systemPrompt
    conversation = origin.conversation
    conversation.systemPrompt = systemPrompt
    transcript.showPath(conversation.path)
    (scroll, statistics) = (.live, nil)
    guard returnsMessage, let sent = origin.sent else { return }
    returnToComposer(sent.draft, text: sent.text, editing: origin.editing)
  }

  /// Puts an unanswered message into the composer, unless it has another draft.
  package mutating func returnToComposer(_ sent: Draft, text: String, editing: MessageTree.ID? = nil) {
    if !hasComposer {
      let start = VisibleText.singleLine(String(text.prefix(200)))
      transcript.addNotice("This message was not answered and was removed: \(start)")
    } else if draft.isEmpty, search == nil {
      draft = sent
      self.editing = editing
      menuClosedFor = draft.text
      show("The message was not answered; it is in the composer again")
    } else {
      history.add(text)
      transcript.addNotice("The last message was not answered. It is in the history: Ctrl-R finds it.")
    }
  }

  /// Stops the answer and keeps the text so far.
  package mutating func stopAnswer() -> [ChatEffect] {
    guard var turn, !turn.isStopping else { return [] }
    if turn.phase == .loading {
      finish(turn, .cancelled)
      return []
    }
    turn.isStopping = true
    self.turn = turn
    return [.cancel]
  }

  /// Ends the reasoning and starts the answer.
  package mutating func answerNow() -> [ChatEffect] {
    switch AnswerNowDecision.decide(turn) {
    case .closeReasoning:
      turn?.answerNowRequested = true
      return [.answerNow]
    case .wait: break
    case .nothing: show("There is no reasoning to end now")
    }
    return []
  }
}
