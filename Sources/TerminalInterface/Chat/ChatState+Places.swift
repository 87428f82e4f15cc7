import Conversation

/// Keeping the place at which a session is read, so that it opens there again.
extension ChatState {
  /// The place on the screen; nil at the end of the transcript.
  package var readingPlace: ReadingPlace? {
    guard case .fixed(let top) = scroll, transcript.entries.indices.contains(top.entry) else { return nil }
    if case .message(let id) = transcript.entries[top.entry].content {
      return ReadingPlace(
        message: id.index, row: min(top.row, max(0, top.entryRows - 1)), rows: max(1, top.entryRows))
    }
    // Notices are not saved: the message behind one, or the end of the message before it.
    for entry in transcript.entries[top.entry...] {
      if case .message(let id) = entry.content { return ReadingPlace(message: id.index, row: 0, rows: 1) }
    }
    return nil
  }

  private var savesPlace: Bool {
    savesSessions && hasComposer && session.isSaved && session.opening == nil && !session.isDeleting
  }

  /// When the place is to be written; nil for never.
  package var placeDeadline: Double? { savesPlace ? placeSaving.due : nil }

  /// Writes the place to disk when it is due, or at once.
  package mutating func placeToSave(atOnce: Bool = false) -> [ChatEffect] {
    guard savesPlace else { return [] }
    placeSaving.note(readingPlace, session: session.id, now: now)
    guard let due = placeSaving.due, atOnce || now >= due else { return [] }
    placeSaving.didSave()
    return [.savePlace(session: session.id, readingPlace)]
  }

  /// Scrolls to the place at which a session was left. Returns whether it was found; nothing else that was shown since is
  /// replaced.
  package mutating func restore(_ place: ReadingPlace, session id: String) -> Bool {
    let message = MessageTree.ID(index: place.message)
    guard id == session.id, scroll == .live, turn == nil, find == nil,
      let entry = transcript.entries.firstIndex(where: { $0.content == .message(message) })
    else { return false }
    scroll = .fixed(.init(entry: entry, row: place.row, entryRows: place.rows))
    return true
  }
}
