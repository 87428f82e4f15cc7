import Conversation

/// The effects that no key asks for: prefill ahead, save, and fetch the lists that a menu shows.
extension ChatState {
  /// The effects that are due now. Called after each event, with the effects of that event, and at `nextDeadline`. A
  /// message is saved before it is sent.
  package mutating func backgroundEffects(with effects: [ChatEffect] = []) -> [ChatEffect] {
    let sent = sendingQueued()
    return saving() + effects + sent + listsToShow() + searchingSessions() + filesToList() + draftToSave()
      + placeToSave()
      + prefillingAhead() + proposingTitle()
  }

  /// The effects before the program ends.
  package mutating func lastEffects() -> [ChatEffect] {
    session.savedAt = nil
    // A save that failed is retried once.
    if session.problem != nil { session.saved = nil }
    return saving() + draftToSave(atOnce: true) + placeToSave(atOnce: true)
  }

  /// The next time at which one of these is due; nil for never.
  package var backgroundDeadline: Double? {
    var times: [Double] = []
    if case .wait(let until) = draftSaving.decision(now: now) { times.append(until) }
    if let placeDeadline { times.append(placeDeadline) }
    if case .wait(let until) = readAhead.decision(now: now) { times.append(until) }
    if case .wait(let until) = titles.decision(now: now) { times.append(until) }
    if savesSessions, case .wait(let until) = saveDecision { times.append(until) }
    return times.min()
  }

  // The next message that was written during an answer. The draft that is being written stays.
  private mutating func sendingQueued() -> [ChatEffect] {
    guard turn == nil, comparison == nil, !queued.isEmpty, !session.isBusy, model != nil || loading != nil,
      question == nil
    else {
      return []
    }
    let (current, before) = (draft, editing)
    draft = queued.removeFirst()
    editing = nil
    guard case .message(let text) = SubmittedLine.parse(draft.text) else {
      draft = current
      return []
    }
    let effects = submit(message: text)
    (draft, editing) = (current, before)
    return effects
  }

  // Prefill ahead

  private mutating func prefillingAhead() -> [ChatEffect] {
    let subject = subjectToRead
    readAhead.note(subject, now: now)
    guard let subject else { return [] }
    switch readAhead.decision(now: now) {
    case .nothing, .wait: return []
    case .read:
      readAhead.didRead(now: now)
      return [.readAhead(request(withDraft: subject.draft))]
    case .readWhole:
      readAhead.didReadWhole()
      return [.prefillTurn(request(withDraft: subject.draft))]
    }
  }

  // Nil while nothing may be prefilled: a turn runs, the draft is a command, or there is no model. An empty draft still
  // has the part that every prompt starts with.
  private var subjectToRead: ReadAhead.Subject? {
    guard turn == nil, comparison == nil, loading == nil, let model, !session.isBusy, !session.isWarming,
      search == nil,
      !editsAnswer
    else {
      return nil
    }
    var message = ""
    if settings.typingAhead, !draft.isEmpty {
      guard case .message(let text) = SubmittedLine.parse(draft.text) else { return nil }
      if !text.allSatisfy(\.isWhitespace) { message = text }
    }
    return ReadAhead.Subject(
      draft: message,
      context: ReadAhead.Context(
        session: session.id, model: model.name, head: conversation.head, editing: editing,
        systemPrompt: conversation.systemPrompt, effort: settings.effort))
  }

  private func request(withDraft text: String) -> ChatRequest {
    guard !text.isEmpty else { return request }
    var tree = conversation
    let message = Message(role: .user, content: text)
    if let editing { tree.branch(from: editing, message) } else { tree.append(message) }
    return ChatRequest(messages: tree.messages, settings: settings, session: session.id)
  }

  // Saving

  private var mark: SessionState.Mark {
    SessionState.Mark(revision: revision, messages: conversation.messageCount, title: session.title)
  }

  private var saveDecision: SessionState.SaveDecision {
    // While a session is loading, the conversation shown belongs to another session.
    if session.isBusy { return .nothing }
    return SessionState.decide(
      mark, saved: session.saved, savedAt: session.savedAt, isAnswering: turn != nil, now: now)
  }

  private mutating func saving() -> [ChatEffect] {
    guard savesSessions, saveDecision == .save else { return [] }
    markSaved()
    session.savedAt = now
    return [
      .saveSession(
        Session(id: session.id, title: session.title, model: model?.name, tree: conversation))
    ]
  }

  /// Records that the session is on disk as it is shown.
  package mutating func markSaved() { session.saved = mark }

  // Lists

  // The menu of an argument shows the current list, not the one from the start of the program.
  private mutating func listsToShow() -> [ChatEffect] {
    let wanted = draft.elements.count < 200 ? Menu.list(for: draft.text) : nil
    defer { shownList = wanted }
    guard wanted != shownList else { return [] }
    switch wanted {
    case .models: return [.refreshModels(for: request)]
    case .sessions: return checkSessionsAreSaved() ? [.listSessions] : []
    case .branches:
      if conversation.branchPoints.isEmpty { show("There are no branches yet: /regen and /edit create them") }
      return []
    default: return []
    }
  }
}
