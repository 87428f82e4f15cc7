import Conversation

/// Sessions: listing, resuming, naming, deleting.
extension ChatState {
  /// The replies that a command waits for. The line mode reads no further line before they arrive.
  package enum PendingReply: Sendable, Hashable {
    case models, sessions, cache, session
  }

  /// A question that the next key answers.
  package enum Question: Sendable, Equatable {
    case delete(SessionSummary)
    /// What to do with the message that does not fit.
    case context(ContextExcess)

    package var text: String {
      switch self {
      case .context(let excess):
        "\(excess.numbers) d drops the oldest turns, s summarises them, n does neither; the choice is kept in the "
          + "settings. Esc: ask again"
      case .delete(let session):
        "y deletes “\(session.title)” (\(session.size)); any other key cancels"
      }
    }
  }

  /// Shows a session that was loaded from the store, unless a later command replaced the request.
  package mutating func open(_ opened: Session, request: Int) -> [ChatEffect] {
    guard session.opening == request, turn == nil else { return [] }
    pendingReplies.remove(.session)
    let old = session.id
    show(opened)
    transcript.addNotice("Resumed: \(title(of: opened))")
    let place: [ChatEffect] = openingPlace == nil ? [.loadPlace(session: session.id)] : []
    if let openingPlace { showMessage(at: openingPlace, text: hits.text) }
    openingPlace = nil
    return activateSession(closing: old) + loadModel(of: opened) + [.loadDraft(session: session.id)] + place
  }

  /// Handles an error of the session store. An error of a replaced request is ignored.
  package mutating func sessionFailed(_ message: String, request: Int?) {
    if let request, session.opening != request { return }
    pendingReplies.remove(.session)
    if request == nil { session.isDeleting = false } else { session.opening = nil }
    transcript.addNotice(message, .error)
  }

  private mutating func loadModel(of opened: Session) -> [ChatEffect] {
    guard let name = opened.model, name != model?.name, loading == nil else { return [] }
    guard models.contains(where: { $0.name == name }) else {
      let other = model?.name ?? "no model"
      transcript.addNotice(
        "This conversation used the model \(name), which was not found; \(other) answers now.")
      return []
    }
    loading = name
    return [.switchModel(name)]
  }

  /// Replaces the session on the screen.
  package mutating func show(_ opened: Session) {
    conversation = opened.tree
    conversation.endInterruptedAnswers()
    let unanswered = conversation.removeUnansweredMessage()
    session = SessionState(id: opened.id)
    session.title = opened.title
    session.isWarming = true
    transcript.clear()
    transcript.showPath(conversation.path)
    (scroll, statistics, editing, find) = (.live, nil, nil, nil)
    markSaved()
    if let unanswered { returnToComposer(Draft(unanswered), text: unanswered) }
  }

  /// Starts a new conversation. `closing` is false when the current one was deleted.
  package mutating func startConversation(closing: Bool = true) -> [ChatEffect] {
    let old = session.id
    let hadMessages = conversation.messageCount > 0
    conversation = MessageTree(systemPrompt: conversation.systemPrompt)
    transcript.clear()
    (scroll, statistics, editing, find) = (.live, nil, nil, nil)
    pendingReplies.remove(.session)
    session.opening = nil
    if closing && !hadMessages { return [] }
    session = SessionState(id: newSession())
    return activateSession(closing: closing ? old : nil)
  }

  /// The identifier of the session; nil when it is not saved.
  package var savedSession: String? { savesSessions ? session.id : nil }

  /// Makes the engine prepare the session that is shown.
  package mutating func activateSession(closing old: String?) -> [ChatEffect] {
    session.isWarming = savesSessions
    return savesSessions ? [.activateSession(session: session.id, closing: old)] : []
  }

  /// The title, or the first words of the first message.
  package func title(of session: Session) -> String {
    session.title ?? session.tree.opening.map { SessionTitle.of($0) } ?? "(no words)"
  }

  /// Resumes the session with this identifier or title, or a prefix of one.
  package mutating func resume(_ text: String) -> [ChatEffect] {
    guard checkSessionsAreSaved() else { return [] }
    if text.isEmpty {
      draft.set("/sessions ")
      return []
    }
    let hit = Self.place(in: text)
    if SessionSummary.find(hit?.session ?? text, in: sessions)?.id == session.id {
      if let hit {
        showMessage(at: hit.place, text: hits.text)
      } else {
        show("This conversation is already open")
      }
      return []
    }
    openingPlace = hit?.place
    openRequests += 1
    session.opening = openRequests
    pendingReplies.insert(.session)
    return [.openSession(hit?.session ?? text, request: openRequests)]
  }

  /// Sets the title of the session.
  package mutating func rename(_ title: String) {
    guard checkSessionsAreSaved() else { return }
    if title.isEmpty {
      let current = session.title.map { "; its title is “\(VisibleText.singleLine($0))”" } ?? ""
      show("/rename TITLE names this conversation" + current)
    } else {
      session.title = title
      show("Renamed to “\(VisibleText.singleLine(title))”")
    }
  }

  /// Asks whether to delete the session with this identifier or title; without one, the session that is shown.
  package mutating func askToDelete(_ text: String) -> [ChatEffect] {
    guard checkSessionsAreSaved() else { return [] }
    if !text.isEmpty {
      pendingReplies.insert(.session)
      return [.findSession(text)]
    }
    guard conversation.messageCount > 0 else {
      show("There is no conversation to delete yet")
      return []
    }
    let kept = Session(id: session.id, title: session.title, tree: conversation)
    question = .delete(
      SessionSummary(
        id: session.id, title: title(of: kept), model: model?.name, messages: conversation.messageCount,
        saved: 0))
    return []
  }

  /// Handles the key, or the line, that answers a question.
  package mutating func answer(_ question: Question, _ text: String) -> [ChatEffect] {
    self.question = nil
    if case .context(let excess) = question { return answer(excess, text) }
    guard text.lowercased() == "y" || text.lowercased() == "yes" else {
      show("Nothing was deleted")
      return []
    }
    switch question {
    case .context: return []
    case .delete(let summary):
      if summary.id == session.id { session.isDeleting = true }
      pendingReplies.insert(.session)
      return [.deleteSession(summary.id)]
    }
  }

  /// A session was deleted.
  package mutating func deleted(_ id: String, texts: Set<String>) -> [ChatEffect] {
    pendingReplies.remove(.session)
    sessions.removeAll { $0.id == id }
    show("The conversation was deleted")
    let emptied: [ChatEffect] = [
      .saveDraft(session: id, Draft(), isNew: false), .savePlace(session: id, nil),
    ]
    history.remove(texts)
    let removal: [ChatEffect] = emptied + (texts.isEmpty ? [] : [.removeHistory(texts)])
    guard id == session.id else { return removal }
    // The system prompt may belong to the deleted conversation alone.
    conversation.systemPrompt = initialSystemPrompt
    return removal + startConversation(closing: false)
  }

  /// Handles the outcome of a save.
  package mutating func saved(_ id: String, _ outcome: SessionStore.Outcome) -> [ChatEffect] {
    guard id == session.id else { return [] }
    switch outcome {
    case .saved:
      session.problem = nil
      return []
    case .copied(let copy):
      session.title = Session(id: id, title: session.title, tree: conversation).titleOfCopy
      session.id = copy
      // The copy was saved with this title.
      markSaved()
      transcript.addNotice(
        "Another Sotto process changed this conversation. What is shown here was saved as a new one, "
          + "“\(VisibleText.singleLine(session.title ?? ""))”.")
      return activateSession(closing: id)
    case .failed(let reason):
      // Reported once, and retried with every change.
      if session.problem != reason {
        transcript.addNotice("This conversation is not saved: \(reason)", .error)
      }
      session.problem = reason
      return []
    }
  }

  /// The list of sessions as text, for the line mode.
  package var sessionList: String {
    if sessions.isEmpty { return "No conversations are saved yet." }
    return sessions.map { "\($0.id)  \($0.title)  (\($0.facts(at: sessionsAt)))" }.joined(separator: "\n")
      + "\n/sessions NAME resumes one; a unique prefix is enough."
  }

  /// Returns whether sessions are saved, and shows a message if not.
  package mutating func checkSessionsAreSaved() -> Bool {
    if !savesSessions {
      let reason = userSettings.flag(.history) ? "" : " (the setting history is off)"
      show("Conversations are not saved in this chat" + reason)
    }
    return savesSessions
  }
}

extension Session {
  /// The lines of the input history that belong to this session: its messages, and the commands with its system prompt
  /// and title.
  package var inputs: Set<String> {
    var inputs = tree.userTexts
    // A message that starts with a slash was sent with two.
    inputs.formUnion(inputs.filter { $0.hasPrefix("/") }.map { "/" + $0 })
    if let prompt = tree.systemPrompt { inputs.insert("/system " + prompt) }
    if let title { inputs.insert("/rename " + title) }
    return inputs
  }
}
