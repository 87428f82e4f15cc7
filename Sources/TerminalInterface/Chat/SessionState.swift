import Conversation

/// What the screen knows of the session that is shown, the conversation aside.
package struct SessionState: Sendable, Equatable {
  package var id: String
  /// The title that the person gave it.
  package var title: String?
  /// True while it is loaded or deleted: nothing can be sent then.
  package var isBusy = false
  /// True while the engine gets ready for it: nothing is read ahead then.
  package var isWarming = false
  /// Why it could not be saved; nil when it was.
  package var problem: String?
  /// What was saved last, and when.
  package var saved: Mark?
  package var savedAt: Double?

  package init(id: String = SessionIdentifier.make()) { self.id = id }

  /// Tells whether there is something to save.
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

  /// Seconds between two savings while an answer is written.
  package static let interval = 1.0

  /// Whether a session is saved now. A message that was sent is saved at once, an answer as it grows.
  package static func decide(_ mark: Mark, saved: Mark?, savedAt: Double?, isAnswering: Bool, now: Double)
    -> SaveDecision
  {
    // What has no message is no session.
    guard mark.messages > 0, mark != saved else { return .nothing }
    guard isAnswering, mark.messages == saved?.messages, let savedAt, now < savedAt + interval else {
      return .save
    }
    return .wait(until: savedAt + interval)
  }
}
