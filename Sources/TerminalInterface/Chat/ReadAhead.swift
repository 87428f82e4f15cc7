import Conversation

/// Decides when the conversation is prefilled ahead of the next message: at once when something other than the draft
/// changed (the model, the session, a complete answer); while the user types, after a pause, at most once a second. A
/// draft that has rested is prefilled to its end, as if it were sent.
package struct ReadAhead: Sendable, Equatable {
  /// What would be prefilled.
  package struct Subject: Sendable, Equatable {
    /// The draft; empty for none.
    package var draft: String
    /// Everything else that changes the prompt.
    package var context: Context

    package init(draft: String, context: Context) {
      self.draft = draft
      self.context = context
    }
  }

  /// A conversation with one model.
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
    /// Decide again at this time.
    case wait(until: Double)
    case read
    /// Prefill the whole draft with what the template puts behind it.
    case readWhole
  }

  /// The input of the decision. Times are in seconds on one clock.
  package struct Facts: Sendable, Equatable {
    /// The draft differs from the one that was prefilled.
    package var isNewDraft = false
    /// Something else differs from what was prefilled.
    package var isNewContext = false
    /// The draft has text, and its end was not prefilled.
    package var mayRest = false
    /// When the draft was last changed.
    package var changed = 0.0
    /// When the draft was first changed after the last prefill.
    package var unreadSince = 0.0
    /// When the last prefill was requested.
    package var read: Double?

    package init() {}
  }

  /// Seconds without a key after which the draft is prefilled.
  package static let pause = 0.15
  /// Seconds between prefills while the user types without a pause.
  package static let interval = 1.0

  /// Seconds without a key after which the draft is prefilled to its end.
  package static let rest = 0.5

  package static func decide(_ facts: Facts, now: Double) -> Decision {
    if facts.isNewContext { return .read }
    guard facts.isNewDraft else {
      guard facts.mayRest else { return .nothing }
      let due = facts.changed + rest
      return now >= due ? .readWhole : .wait(until: due)
    }
    let latest = max(facts.unreadSince, facts.read ?? facts.unreadSince) + interval
    let due = min(facts.changed + pause, latest)
    return now >= due ? .read : .wait(until: due)
  }

  private var read: Subject?
  private var seen: Subject?
  private var isPossible = false
  private var facts = Facts()

  package init() {}

  /// Records what there is to prefill; nil when nothing may be prefilled.
  package mutating func note(_ subject: Subject?, now: Double) {
    isPossible = subject != nil
    guard let subject, subject != seen else { return }
    facts.changed = now
    if seen == read { facts.unreadSince = now }
    seen = subject
    facts.isNewDraft = subject.draft != read?.draft
    facts.isNewContext = subject.context != read?.context
    facts.mayRest = !subject.draft.isEmpty
  }

  /// The decision at `now`.
  package func decision(now: Double) -> Decision { isPossible ? Self.decide(facts, now: now) : .nothing }

  /// Records that the last subject is being prefilled.
  package mutating func didRead(now: Double) {
    read = seen
    facts.read = now
    (facts.isNewDraft, facts.isNewContext) = (false, false)
  }

  /// Records that the last subject is being prefilled to its end.
  package mutating func didReadWhole() { facts.mayRest = false }
}
