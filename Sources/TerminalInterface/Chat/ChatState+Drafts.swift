import Conversation

/// Keeping the unsent draft on disk, and editing it in another program.
extension ChatState {
  // Commands are not kept: they are short, and may name what the user wants to forget.
  private var keptElements: [Draft.Element] {
    guard let draft = search?.draft ?? Optional(draft), draft.elements.first != .character("/") else {
      return []
    }
    return draft.elements
  }

  /// Writes the draft to disk when it is due, or at once.
  package mutating func draftToSave(atOnce: Bool = false) -> [ChatEffect] {
    guard savesSessions, hasComposer, session.opening == nil, !session.isDeleting else { return [] }
    draftSaving.note(keptElements, session: session.id, now: now)
    switch draftSaving.decision(now: now) {
    case .nothing: return []
    case .wait: if !atOnce { return [] }
    case .save: break
    }
    draftSaving.didSave()
    return [
      .saveDraft(
        session: session.id, Draft(elements: keptElements, cursor: draft.cursor),
        isNew: conversation.messageCount == 0)
    ]
  }

  /// A draft that was found on disk. It replaces no other.
  package mutating func restore(_ found: Draft, session id: String) {
    guard id == session.id, draft.isEmpty, search == nil else { return }
    draft.restore(found)
    menuClosedFor = draft.text
    show("The unsent draft is in the composer again; Ctrl-C clears it")
  }

  /// The draft after it was edited in another program; nil if that failed.
  package mutating func edited(_ text: String?, _ problem: String?) {
    if let problem { show(problem) }
    guard let text else { return }
    edit { draft in
      guard text != draft.text else { return }
      draft.set(text)
    }
    menuClosedFor = draft.text
  }
}
