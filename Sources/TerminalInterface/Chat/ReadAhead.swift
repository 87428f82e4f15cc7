import Conversation

/// When the conversation is read ahead: at once where it changed otherwise than in its draft (another model, another
/// session, an answer that is complete), and while the person types as soon as the draft rests, at most once a second
/// where it never does.
package struct ReadAhead: Sendable, Equatable {
  /// What would be read.
  package struct Subject: Sendable, Equatable {
    /// The message as it stands; empty for none.
    package var draft: String
    /// All else that changes what is read.
    package var context: Context

    package init(draft: String, context: Context) {
      self.draft = draft
      self.context = context
    }
  }

  /// A conversation as one model sees it.
  package struct Context: Sendable, Equatable {
    package var session: String
    package var model: String
    package var head: MessageTree.ID?
    package var editing: MessageTree.ID?
    package var systemPrompt: String?
    package var effort: String?

    package init(
      session: String, model: String, head: MessageTree.ID? = nil, editing: MessageTree.ID? = nil,
      systemPrompt: String? = nil, effort: String? = nil
    ) {
      self.session = session
      self.model = model
      self.head = head
      self.editing = editing
      self.systemPrompt = systemPrompt
      self.effort = effort
    }
  }

  package enum Decision: Sendable, Equatable {
    case nothing
    /// Look again at this time.
    case wait(until: Double)
    case read
  }

  /// What the decision is made from. Times are in seconds on one clock.
  package struct Facts: Sendable, Equatable {
    /// The draft is not the one that was read.
    package var isNewDraft = false
    /// Something else is not what was read.
    package var isNewContext = false
    /// When the draft was changed last.
    package var changed = 0.0
    /// When it was first changed after it was read.
    package var unreadSince = 0.0
    /// When something was read last.
    package var read: Double?

    package init() {}
  }

  /// Seconds without a key after which the draft rests.
  package static let rest = 0.15
  /// Seconds between readings while it does not.
  package static let interval = 1.0

  package static func decide(_ facts: Facts, now: Double) -> Decision {
    if facts.isNewContext { return .read }
    guard facts.isNewDraft else { return .nothing }
    let patience = max(facts.unreadSince, facts.read ?? facts.unreadSince) + interval
    let due = min(facts.changed + rest, patience)
    return now >= due ? .read : .wait(until: due)
  }

  private var read: Subject?
  private var seen: Subject?
  private var isPossible = false
  private var facts = Facts()

  package init() {}

  /// Notes what there is to read now; nil when nothing may be read.
  package mutating func note(_ subject: Subject?, now: Double) {
    isPossible = subject != nil
    guard let subject, subject != seen else { return }
    facts.changed = now
    if seen == read { facts.unreadSince = now }
    seen = subject
    facts.isNewDraft = subject.draft != read?.draft
    facts.isNewContext = subject.context != read?.context
  }

  /// What is to be done.
  package func decision(now: Double) -> Decision { isPossible ? Self.decide(facts, now: now) : .nothing }

  /// What was noted last is being read.
  package mutating func didRead(now: Double) {
    read = seen
    facts.read = now
    (facts.isNewDraft, facts.isNewContext) = (false, false)
  }
}
