import Conversation

/// Decides when the model is asked for a title: when a conversation without one has an answer, and nothing has happened
/// for a while. A key ends it; it is asked again after the next pause.
package struct TitleProposal: Sendable, Equatable {
  /// What a title would be proposed for.
  package struct Subject: Sendable, Equatable {
    package var session: String
    package var head: MessageTree.ID
    package var model: String

    package init(session: String, head: MessageTree.ID, model: String) {
      (self.session, self.head, self.model) = (session, head, model)
    }
  }

  package enum Decision: Sendable, Equatable {
    case nothing
    /// Decide again at this time.
    case wait(until: Double)
    case ask
    /// The answer that is being generated is not wanted any more.
    case cancel
  }

  /// Seconds without an event after which the model is asked: after the prefill of the history and the save of the cache,
  /// which start at most two seconds after an answer.
  package static let pause = 4.0
  /// The most replies of a session that were no title.
  package static let attempts = 3

  private var subject: Subject?
  private var asked: Subject?
  /// The last subject for which the model replied.
  private var answered: Subject?
  /// The last session, and its replies that were no title.
  private var session: String?
  private var failures = 0
  private var quietSince = 0.0

  package init() {}

  /// Records that the user did something.
  package mutating func disturb(now: Double) { quietSince = now }

  /// Records what a title may be proposed for; nil for nothing.
  package mutating func note(_ subject: Subject?, now: Double) {
    guard subject != self.subject else { return }
    if let subject, subject.session != session { (session, failures) = (subject.session, 0) }
    self.subject = subject
    quietSince = now
  }

  /// The decision at `now`. Times are in seconds on one clock.
  package func decision(now: Double) -> Decision {
    if let asked {
      return asked != subject || quietSince > askedAt ? .cancel : .nothing
    }
    guard let subject, subject != answered, failures < Self.attempts else { return .nothing }
    let due = quietSince + Self.pause
    return now >= due ? .ask : .wait(until: due)
  }

  private var askedAt = 0.0

  /// Records that the model is asked.
  package mutating func didAsk(now: Double) { (asked, askedAt) = (subject, now) }

  /// Records that the request was cancelled.
  package mutating func didCancel() { asked = nil }

  /// Records a reply; a reply to a cancelled request counts for nothing.
  package mutating func didReply(hasTitle: Bool) {
    guard let asked else { return }
    (answered, self.asked) = (asked, nil)
    if !hasTitle { failures += 1 }
  }
}

/// Proposing titles.
extension ChatState {
  // Nil while the user or the engine has something else to do.
  private var subjectToName: TitleProposal.Subject? {
    guard userSettings.flag(.titles), savesSessions, hasComposer, session.title == nil, !session.isBusy,
      !session.isWarming, turn == nil, comparison == nil, loading == nil, question == nil, queued.isEmpty,
      draft.isEmpty, search == nil, let model, let head = conversation.head, let answer = conversation[head],
      answer.role == .assistant, answer.finish == .stop || answer.finish == .length, !answer.content.isEmpty
    else { return nil }
    return TitleProposal.Subject(session: session.id, head: head, model: model.name)
  }

  /// The effects that ask for a title, or end that.
  package mutating func proposingTitle() -> [ChatEffect] {
    titles.note(subjectToName, now: now)
    switch titles.decision(now: now) {
    case .nothing, .wait: return []
    case .cancel:
      titles.didCancel()
      return [.cancelTitle]
    case .ask:
      titles.didAsk(now: now)
      return [.proposeTitle(request)]
    }
  }

  /// Takes the model's reply. A title that the user has given meanwhile stays.
  package mutating func proposed(_ reply: String?, session id: String) {
    let title = reply.flatMap { SessionTitle.proposed($0) }
    titles.didReply(hasTitle: title != nil)
    guard id == session.id, session.title == nil, let title else { return }
    session.title = title
  }
}
