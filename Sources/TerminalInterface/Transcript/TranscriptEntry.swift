import Conversation

/// One thing in the transcript: a message of the conversation, or something that the program says.
package struct TranscriptEntry: Sendable, Equatable {
  package enum Content: Sendable, Equatable {
    case message(MessageTree.ID)
    /// Lines that the program says; never sent to a model.
    case notice(String, StyleRole)
  }

  /// Unique within a session; rows that were laid out are remembered by it.
  package let id: Int
  package var content: Content
}

/// How reasoning is shown.
package enum ReasoningDisplay: String, Sendable, CaseIterable {
  /// In full, always.
  case show
  /// In full while it is written, one line once the answer has begun.
  case fold
  /// Never more than one line.
  case hide
}

/// What is drawn of the conversation, besides its messages.
package struct Transcript: Sendable, Equatable {
  package private(set) var entries: [TranscriptEntry] = []
  private var nextID = 0

  /// Adds a line that the program says.
  package mutating func note(_ text: String, _ role: StyleRole = .notice) { add(.notice(text, role)) }

  /// Adds a message.
  package mutating func add(_ id: MessageTree.ID) { add(.message(id)) }

  private mutating func add(_ content: TranscriptEntry.Content) {
    entries.append(TranscriptEntry(id: nextID, content: content))
    nextID += 1
  }

  /// Keeps the messages of this path and the notices between them, and adds those that are missing.
  package mutating func follow(_ path: [MessageTree.ID]) {
    let wanted = Set(path)
    var seen: Set<MessageTree.ID> = []
    var kept: [TranscriptEntry] = []
    for entry in entries {
      if case .message(let id) = entry.content {
        // What follows a message that is gone spoke of it.
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
