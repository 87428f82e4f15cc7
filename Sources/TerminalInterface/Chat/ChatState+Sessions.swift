import Conversation

/// Sessions: listing, resuming, naming, deleting.
extension ChatState {
  /// What the program waits for, asked for by the person. A chat of lines takes no line before it is there.
  package enum Awaited: Sendable, Hashable {
    case models, sessions, cache, session
  }

  /// A question that the next key answers.
  package enum Question: Sendable, Equatable {
    case delete(SessionSummary)

    package var text: String {
      switch self {
      case .delete(let session):
        "y deletes “\(session.title)” (\(session.size)) for good, any other key keeps it"
      }
    }
  }

  /// Shows another session, which was loaded from the store.
  package mutating func open(_ opened: Session) -> [ChatEffect] {
    awaited.remove(.session)
    show(opened)
    transcript.note("Resumed: \(title(of: opened))")
    guard let name = opened.model, name != model?.name, loading == nil else { return [] }
    guard models.contains(where: { $0.name == name }) else {
      let other = model?.name ?? "no model"
      transcript.note("It was written with \(name), which is not found; \(other) answers.")
      return []
    }
    loading = name
    return [.switchModel(name)]
  }

  /// Puts a session on the screen in place of the one that is there.
  package mutating func show(_ opened: Session) {
    conversation = opened.tree
    conversation.endInterruptedAnswers()
    session = SessionState(id: opened.id)
    session.title = opened.title
    session.isWarming = true
    transcript.clear()
    transcript.follow(conversation.path)
    (scroll, statistics, editing) = (.live, nil, nil)
    markSaved()
  }

  /// Begins a conversation of its own. `leaving` is false when the one before was deleted.
  package mutating func begin(leaving: Bool = true) -> [ChatEffect] {
    let old = session.id
    let hadMessages = conversation.messageCount > 0
    conversation = MessageTree(systemPrompt: conversation.systemPrompt)
    transcript.clear()
    (scroll, statistics, editing) = (.live, nil, nil)
    if leaving && !hadMessages { return [] }
    session = SessionState(id: newSession())
    return turnToSession(leaving: leaving ? old : nil)
  }

  /// The session as it is kept; nil where it is not.
  package var keptSession: String? { keepsSessions ? session.id : nil }

  /// Tells the engine which session is shown.
  package mutating func turnToSession(leaving old: String?) -> [ChatEffect] {
    session.isWarming = keepsSessions
    return keepsSessions ? [.turnTo(session: session.id, leaving: old)] : []
  }

  /// The given title, or the first words.
  package func title(of session: Session) -> String {
    session.title ?? session.tree.opening.map { SessionTitle.of($0) } ?? "(no words)"
  }

  /// Resumes the session that is meant.
  package mutating func resume(_ text: String) -> [ChatEffect] {
    guard areSessionsKept() else { return [] }
    if text.isEmpty {
      draft.set("/sessions ")
      return []
    }
    if SessionSummary.find(text, in: sessions)?.id == session.id {
      show("This session is open already")
      return []
    }
    session.isBusy = true
    awaited.insert(.session)
    return [.openSession(text, leaving: session.id)]
  }

  /// Names the session.
  package mutating func rename(_ title: String) {
    guard areSessionsKept() else { return }
    if title.isEmpty {
      show("/rename TITLE names this conversation")
    } else {
      session.title = VisibleText.singleLine(title)
      show("Renamed to “\(VisibleText.singleLine(title))”")
    }
  }

  /// Asks whether a session is to be deleted: the one that is meant, or the one that is shown.
  package mutating func askToDelete(_ text: String) -> [ChatEffect] {
    guard areSessionsKept() else { return [] }
    if !text.isEmpty {
      awaited.insert(.session)
      return [.findSession(text)]
    }
    guard conversation.messageCount > 0 else {
      show("There is nothing to delete yet")
      return []
    }
    let kept = Session(id: session.id, title: session.title, tree: conversation)
    question = .delete(
      SessionSummary(
        id: session.id, title: title(of: kept), model: model?.name, messages: conversation.messageCount,
        saved: 0))
    return []
  }

  /// Takes the key, or the line, that answers a question.
  package mutating func answer(_ question: Question, _ text: String) -> [ChatEffect] {
    self.question = nil
    guard text.lowercased() == "y" || text.lowercased() == "yes" else {
      show("It is kept")
      return []
    }
    switch question {
    case .delete(let summary):
      if summary.id == session.id { session.isBusy = true }
      awaited.insert(.session)
      return [.deleteSession(summary.id)]
    }
  }

  /// A session is gone.
  package mutating func deleted(_ id: String) -> [ChatEffect] {
    awaited.remove(.session)
    sessions.removeAll { $0.id == id }
    show("Deleted")
    return id == session.id ? begin(leaving: false) : []
  }

  /// What became of saving.
  package mutating func saved(_ id: String, _ outcome: SessionStore.Outcome) -> [ChatEffect] {
    guard id == session.id else { return [] }
    switch outcome {
    case .saved:
      session.problem = nil
      return []
    case .copied(let copy):
      session.id = copy
      transcript.note("Another Sotto changed this session; what is shown here is kept as one of its own.")
      return turnToSession(leaving: id)
    case .failed(let reason):
      // Said once, and tried again with every change.
      if session.problem != reason { transcript.note("This session is not saved: \(reason)", .error) }
      session.problem = reason
      return []
    }
  }

  /// The list of sessions as text, for a chat of lines.
  package var sessionList: String {
    if sessions.isEmpty { return "No sessions are kept yet." }
    return sessions.map { "\($0.id)  \($0.title)  (\($0.facts(at: sessionsAt)))" }.joined(separator: "\n")
      + "\n/sessions with the beginning of a name resumes one."
  }

  /// Says so where they are not.
  package mutating func areSessionsKept() -> Bool {
    if !keepsSessions { show("Sessions are not kept in this chat") }
    return keepsSessions
  }
}

extension SessionSummary {
  /// Its age, size and model, on one line.
  package func facts(at now: Double) -> String {
    [age(now - saved), size, model].compactMap { $0 }.joined(separator: " · ")
  }

  var size: String { messages == 1 ? "1 message" : "\(grouped(messages)) messages" }
}
