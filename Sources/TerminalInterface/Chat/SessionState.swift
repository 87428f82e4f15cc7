import Conversation

/// The state of the session that is shown, without the conversation.
package struct SessionState: Sendable, Equatable {
  package var id: String
  /// The user's title.
  package var title: String?
  /// The request for the session that replaces this one; nil for none.
  package var opening: Int?
  /// True while the session is being deleted.
  package var isDeleting = false
  /// True while the engine prepares the session: nothing is prefilled ahead.
  package var isWarming = false
  /// Why the last save failed; nil when it succeeded.
  package var problem: String?
  /// The state that was saved last, and when.
  package var saved: Mark?
  package var savedAt: Double?

  package init(id: String = SessionIdentifier.make()) { self.id = id }

  /// True while another session is loading or this one is being deleted: nothing can be sent.
  package var isBusy: Bool { opening != nil || isDeleting }

  /// True when the session is on disk.
  package var isSaved: Bool { (saved?.messages ?? 0) > 0 }

  /// Identifies a state of the conversation, to decide whether it must be saved.
  package struct Mark: Sendable, Equatable {
    package var revision: Int
    package var messages: Int
    package var title: String?

    package init(revision: Int, messages: Int, title: String? = nil) {
      self.revision = revision
      self.messages = messages
      self.title = title
    }
  }

  package enum SaveDecision: Sendable, Equatable {
    case nothing
    case wait(until: Double)
    case save
  }

  /// Seconds between two saves while an answer is generated.
  package static let interval = 1.0

  /// Whether to save now. A new message is saved at once, an answer at the interval while it grows.
  package static func decide(_ mark: Mark, saved: Mark?, savedAt: Double?, isAnswering: Bool, now: Double)
    -> SaveDecision
  {
    // A conversation without messages is saved only to replace an earlier state.
    guard mark != saved, mark.messages > 0 || (saved?.messages ?? 0) > 0 else { return .nothing }
    guard isAnswering, mark.messages == saved?.messages, let savedAt, now < savedAt + interval else {
      return .save
    }
    return .wait(until: savedAt + interval)
  }
}

extension SessionSummary {
  /// Its age, size and model, on one line.
  package func facts(at now: Double) -> String {
    [age(now - saved), size, model].compactMap { $0 }.joined(separator: " · ")
  }

  var size: String { messages == 1 ? "1 message" : "\(grouped(messages)) messages" }
}
