/// Decides when the draft is written to disk: half a second after the last change, and at least every two seconds.
package struct DraftSaving: Sendable, Equatable {
  package enum Decision: Sendable, Equatable {
    case nothing
    case wait(until: Double)
    case save
  }

  package static let pause = 0.5
  package static let interval = 2.0

  private var session = ""
  private var saved: [Draft.Element] = []
  private var seen: [Draft.Element] = []
  private var changed = 0.0
  private var unsavedSince: Double?

  package init() {}

  /// Records the draft of a session. The draft belongs to the session in which it was written.
  package mutating func note(_ elements: [Draft.Element], session: String, now: Double) {
    if session != self.session {
      (self.session, saved) = (session, [])
      (seen, unsavedSince) = ([], nil)
    }
    guard elements != seen else { return }
    (seen, changed) = (elements, now)
    unsavedSince = elements == saved ? nil : unsavedSince ?? now
  }

  package func decision(now: Double) -> Decision {
    guard let unsavedSince else { return .nothing }
    // A sent or cleared draft is removed at once.
    if seen.isEmpty { return .save }
    let due = min(changed + Self.pause, unsavedSince + Self.interval)
    return now >= due ? .save : .wait(until: due)
  }

  /// Records that the last draft is on disk.
  package mutating func didSave() { (saved, unsavedSince) = (seen, nil) }
}
