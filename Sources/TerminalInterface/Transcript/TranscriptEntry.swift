import Conversation

/// An entry of the transcript: a message of the conversation, or a notice of the program.
package struct TranscriptEntry: Sendable, Equatable {
  package enum Content: Sendable, Equatable {
    case message(MessageTree.ID)
    /// A notice of the program; never sent to a model.
    case notice(String, StyleRole)
  }

  /// Unique within a session; the key of the laid out rows.
  package let id: Int
  package var content: Content
}

/// How reasoning is shown.
package enum ReasoningDisplay: String, Sendable, CaseIterable {
  /// Always in full.
  case show
  /// In full while it is generated, one line once the answer has started.
  case fold
  /// Always one line.
  case hide
}

/// The entries of the transcript: the messages of the path and notices.
package struct Transcript: Sendable, Equatable {
  package private(set) var entries: [TranscriptEntry] = []
  private var nextID = 0

  /// Adds a notice.
  package mutating func addNotice(_ text: String, _ role: StyleRole = .notice) { add(.notice(text, role)) }

  /// Adds a message.
  package mutating func add(_ id: MessageTree.ID) { add(.message(id)) }

  private mutating func add(_ content: TranscriptEntry.Content) {
    entries.append(TranscriptEntry(id: nextID, content: content))
    nextID += 1
  }

  /// Keeps the messages of this path and the notices between them, and adds the missing messages.
  package mutating func showPath(_ path: [MessageTree.ID]) {
    let wanted = Set(path)
    var seen: Set<MessageTree.ID> = []
    var kept: [TranscriptEntry] = []
    for entry in entries {
      if case .message(let id) = entry.content {
        // Notices after a removed message refer to it.
        guard wanted.contains(id) else { break }
        seen.insert(id)
      }
      kept.append(entry)
    }
    entries = kept
    for id in path where !seen.contains(id) { add(id) }
  }

  package mutating func clear() { entries = [] }
}
