import Conversation

/// The search for a text: in this conversation (`/search`), and in all sessions (`/sessions TEXT`).
extension ChatState {
  /// A search in the transcript. Its text is marked in all visible rows.
  package struct Find: Sendable, Equatable {
    /// The message to show next.
    package enum Request: Sendable, Equatable {
      case older, newer
      /// A message that is known to contain the text.
      case message(MessageTree.ID)
    }

    package var text: String
    /// The message that was found last.
    package var message: MessageTree.ID?
    /// The next step, which depends on the layout: `Chat` performs it.
    package var request: Request?
  }

  /// The messages of all sessions that contain a text.
  package struct SessionHits: Sendable, Equatable {
    package var text = ""
    package var hits: [SessionHit] = []
    /// The text that was searched for last, whether or not the result has arrived.
    package var requested = ""
  }

  /// Searches the conversation for a text; without one, continues with the next older message.
  package mutating func search(_ text: String) {
    guard hasComposer else { return show("/search needs the full-screen mode") }
    if text.isEmpty {
      findNext(.older)
    } else {
      find = Find(text: text, request: .older)
    }
  }

  /// Shows the next message that contains the text.
  package mutating func findNext(_ request: Find.Request) {
    if find == nil { show("/search TEXT searches this conversation") }
    find?.request = request
  }

  /// The messages on the path that contain the text of the search, in order.
  package var matches: [MessageTree.ID] {
    guard let text = find?.text else { return [] }
    let search = TextSearch(text)
    return conversation.path.filter {
      conversation[$0].map { search.isFound(inMarkdown: $0.content) } ?? false
    }
  }

  /// The message of the next step, and its number among the matches.
  package func nextMatch(_ request: Find.Request) -> (id: MessageTree.ID, number: Int, count: Int)? {
    let all = matches
    guard !all.isEmpty else { return nil }
    let current = find?.message.flatMap { id in all.firstIndex(of: id) }
    let next =
      switch request {
      case .older: (current ?? all.count) - 1
      case .newer: (current ?? -1) + 1
      case .message(let id): all.firstIndex(of: id) ?? all.count - 1
      }
    let index = (next + all.count) % all.count
    return (all[index], index + 1, all.count)
  }

  /// Shows a message of the session: the place of a hit.
  package mutating func showMessage(at place: Int, text: String) {
    let id = MessageTree.ID(index: place)
    guard conversation[id] != nil else { return }
    if !conversation.path.contains(id) {
      conversation.select(id)
      transcript.showPath(conversation.path)
    }
    find = Find(text: Self.marked(text, in: conversation[id]?.content ?? ""), request: .message(id))
  }

  // The words of a hit may stand apart in its message: then the longest is marked.
  private static func marked(_ text: String, in content: String) -> String {
    if TextSearch(text).isFound(in: content) { return text }
    let words = text.split { $0.isWhitespace }.map(String.init)
    return words.filter { TextSearch($0).isFound(in: content) }.max { $0.count < $1.count } ?? text
  }

  /// The effects that fetch the hits for the draft "/sessions TEXT".
  package mutating func searchingSessions() -> [ChatEffect] {
    let start = "/\(Command.sessions.rawValue) "
    guard savesSessions, hasComposer, draft.elements.count < 200, draft.text.hasPrefix(start) else {
      return []
    }
    let text = String(draft.text.dropFirst(start.count))
    guard text.count >= 2, text != hits.requested else { return [] }
    hits.requested = text
    return [.searchSessions(text)]
  }

  /// The session and the message of "ID:PLACE", as the menu of hits completes it.
  package static func place(in argument: String) -> (session: String, place: Int)? {
    guard let colon = argument.lastIndex(of: ":"), let place = Int(argument[argument.index(after: colon)...])
    else { return nil }
    return (String(argument[..<colon]), place)
  }
}
