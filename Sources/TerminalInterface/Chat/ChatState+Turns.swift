import Conversation

/// Sending, and what comes back.
extension ChatState {
  /// Sends a message of the person.
  package mutating func submit(message text: String) -> [ChatEffect] {
    guard turn == nil else {
      show("Esc stops the answer first")
      return []
    }
    guard !session.isBusy else {
      show("A session is being opened; Enter sends when it is there")
      return []
    }
    guard model != nil || loading != nil else {
      show("No model is loaded: /model chooses one")
      return []
    }
    if let editing {
      conversation.branch(from: editing, Message(role: .user, content: text))
      self.editing = nil
    } else {
      conversation.append(Message(role: .user, content: text))
    }
    history.add(text)
    draft.clear()
    return [.remember(text)] + startTurn()
  }

  /// Asks for an answer to the path as it stands.
  package mutating func startTurn() -> [ChatEffect] {
    // The answer that is to come belongs to the tree from the start, so that nothing is lost when it is stopped.
    let request = request
    let answer = conversation.append(Message(role: .assistant, content: "", model: model?.name))
    transcript.follow(conversation.path)
    scroll = .live
    let id = nextTurn()
    turn = TurnProgress(
      id: id, answer: answer, model: loading == nil ? model : nil,
      phase: loading == nil ? .waiting : .loading, started: now)
    statistics = nil
    return loading == nil ? [.send(turn: id, request)] : []
  }

  /// The conversation as it stands.
  package var request: ChatRequest {
    ChatRequest(messages: conversation.messages, settings: settings, session: session.id)
  }

  /// Takes an event of a turn; those of earlier turns are dropped.
  package mutating func take(_ event: EngineEvent, turn id: Int) {
    guard var turn, turn.id == id else { return }
    switch event {
    case .prefill(let done, let total, let reused):
      turn.read(done: done, total: total, reused: reused, now: now)
      turn.statistics.promptTokens = total
      turn.statistics.reusedTokens = reused
    case .delta(let channel, let text):
      turn.phase = channel == .reasoning ? .thinking : .writing
      if turn.statistics.timeToFirstToken == nil { turn.statistics.timeToFirstToken = now - turn.started }
      if channel == .reasoning && turn.thinkingSince == nil { turn.thinkingSince = now }
      let thinkingTime = turn.thinkingSince.map { now - $0 }
      conversation.update(turn.answer) { message in
        if channel == .reasoning { message.reasoning += text } else { message.content += text }
        if channel == .reasoning || message.reasoningTime == nil { message.reasoningTime = thinkingTime }
      }
    case .progress(let statistics):
      turn.statistics = merged(statistics, turn.statistics)
    case .finished(let reason, let statistics):
      turn.statistics = merged(statistics, turn.statistics)
      finish(turn, reason)
      return
    case .failed(let message):
      finish(turn, .failed)
      transcript.note(message, .error)
      return
    }
    self.turn = turn
    statistics = turn.statistics
  }

  // The engine's numbers, with the screen's own time to the first token until the engine has told one.
  private func merged(_ new: TurnStatistics, _ old: TurnStatistics) -> TurnStatistics {
    var result = new
    if result.timeToFirstToken == nil { result.timeToFirstToken = old.timeToFirstToken }
    return result
  }

  private mutating func finish(_ turn: TurnProgress, _ reason: FinishReason) {
    statistics = turn.statistics
    let statistics = turn.statistics
    conversation.update(turn.answer) { message in
      message.finish = reason
      message.statistics = statistics
    }
    self.turn = nil
    // The status line names another model by now.
    if turn.model?.name != model?.name { self.statistics = nil }
    // An answer that never began is no part of the conversation.
    if let answer = conversation[turn.answer], answer.content.isEmpty, answer.reasoning.isEmpty,
      reason == .failed || reason == .cancelled
    {
      conversation.rewind(before: turn.answer)
      transcript.follow(conversation.path)
      if reason == .cancelled { transcript.note("(stopped before the first word; /regen asks again)") }
    }
  }

  /// Stops the answer, keeping what is there.
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

  /// Ends the thoughts that are being written.
  package mutating func answerNow() -> [ChatEffect] {
    switch AnswerNowDecision.decide(turn) {
    case .closeThoughts:
      turn?.isToAnswerNow = true
      return [.answerNow]
    case .wait: break
    case .nothing: show("There is nothing to cut short: no thoughts are being written")
    }
    return []
  }

  /// The models as they are now.
  package mutating func take(_ models: [ModelSummary], _ current: ModelInfo?, _ defaults: ChatSettings) {
    self.models = models
    if model == nil, let current {
      model = current
      settings = defaults.keeping(settings)
    }
    if awaited.remove(.models) != nil { say(modelList) }
  }

  /// A model is ready; a message that waited for it is sent.
  package mutating func loaded(_ info: ModelInfo, _ defaults: ChatSettings) -> [ChatEffect] {
    let isSwitch = model != nil && model?.name != info.name
    // What the person set stays; what was the old model's own becomes the new one's.
    if model == nil { settings = defaults.keeping(settings) }
    if let effort = settings.effort, !info.efforts.contains(effort) { settings.effort = nil }
    model = info
    loading = nil
    if isSwitch && !conversation.isEmpty {
      let writing = turn?.model.map { "\($0.name) writes this answer to its end; " }
      show("\(writing ?? "")\(info.name) answers \(writing == nil ? "from now on" : "from then on")")
    }
    // An answer that is being written goes on with its own model.
    if turn == nil { statistics = nil }
    guard let turn, turn.phase == .loading else { return [.refreshModels(for: request)] }
    let answer = turn.answer
    conversation.rewind(before: answer)
    transcript.follow(conversation.path)
    self.turn = nil
    return [.refreshModels(for: request)] + startTurn()
  }

  /// A model could not be loaded; the earlier one, if there was one, goes on.
  package mutating func failedToLoad(_ name: String, _ message: String) {
    loading = nil
    if let turn, turn.phase == .loading { finish(turn, .failed) }
    // Most messages begin with the name or the path that failed.
    transcript.note(message.hasPrefix(name) ? message : "\(name): \(message)", .error)
  }
}
