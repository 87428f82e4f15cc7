import Conversation

/// What the chat does without being told: it reads ahead, saves, and gets lists that a menu is about to show.
extension ChatState {
  /// What is to be done now. Called after everything that happened, with what that asked for, and when `nextDeadline`
  /// has come. A message is saved before anything is done with it.
  package mutating func backgroundEffects(with effects: [ChatEffect] = []) -> [ChatEffect] {
    saving() + effects + listsToShow() + reading()
  }

  /// What is to be done before the program ends.
  package mutating func lastEffects() -> [ChatEffect] {
    session.savedAt = nil
    // What was asked for in vain is tried once more.
    if session.problem != nil { session.saved = nil }
    return saving()
  }

  /// When one of these is due; nil for never.
  package var backgroundDeadline: Double? {
    var times: [Double] = []
    if case .wait(let until) = readAhead.decision(now: now) { times.append(until) }
    if keepsSessions, case .wait(let until) = saveDecision { times.append(until) }
    return times.min()
  }

  // Reading ahead

  private mutating func reading() -> [ChatEffect] {
    let subject = subjectToRead
    readAhead.note(subject, now: now)
    guard let subject, readAhead.decision(now: now) == .read else { return [] }
    readAhead.didRead(now: now)
    return [.readAhead(request(withDraft: subject.draft))]
  }

  // Nil while nothing may be read: a turn runs, the draft is a command, there is no model. Without any words there
  // still is what every prompt begins with.
  private var subjectToRead: ReadAhead.Subject? {
    guard turn == nil, loading == nil, let model, !session.isBusy, !session.isWarming, search == nil else {
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
    // While a session is loaded, what is shown is another one's.
    if session.isBusy { return .nothing }
    return SessionState.decide(
      mark, saved: session.saved, savedAt: session.savedAt, isAnswering: turn != nil, now: now)
  }

  private mutating func saving() -> [ChatEffect] {
    guard keepsSessions, saveDecision == .save else { return [] }
    markSaved()
    session.savedAt = now
    return [
      .saveSession(
        Session(id: session.id, title: session.title, model: model?.name, tree: conversation))
    ]
  }

  /// The session is on disk as it is shown.
  package mutating func markSaved() { session.saved = mark }

  // Lists

  // The menu of an argument shows what holds now, not what held when the program began.
  private mutating func listsToShow() -> [ChatEffect] {
    let wanted = draft.elements.count < 200 ? Menu.list(for: draft.text) : nil
    defer { shownList = wanted }
    guard wanted != shownList else { return [] }
    switch wanted {
    case .models: return [.refreshModels(for: request)]
    case .sessions: return areSessionsKept() ? [.listSessions] : []
    case .branches:
      if conversation.branchPoints.isEmpty { show("There are no branches yet: /regen and /edit make some") }
      return []
    default: return []
    }
  }
}
