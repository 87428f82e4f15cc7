/// What was sent before, oldest first, without repeats in a row. Moving through it keeps the draft.
package struct PromptHistory: Sendable, Equatable {
  package private(set) var entries: [String] = []
  /// The entry that is shown; nil when the draft is.
  package private(set) var place: Int?
  private var keptDraft: Draft?

  /// Entries that are kept.
  package static let limit = 2000

  package init(_ entries: [String] = []) { self.entries = Array(entries.suffix(Self.limit)) }

  /// Remembers what was sent and goes back to the end.
  package mutating func add(_ text: String) {
    (place, keptDraft) = (nil, nil)
    guard !text.isEmpty, text != entries.last else { return }
    entries.append(text)
    if entries.count > Self.limit { entries.removeFirst(entries.count - Self.limit) }
  }

  /// The entry before the one that is shown; nil at the oldest. `draft` is kept when the journey begins.
  package mutating func older(than draft: Draft) -> Draft? {
    guard let next = place.map({ $0 - 1 }) ?? entries.indices.last, next >= 0 else { return nil }
    if place == nil { keptDraft = draft }
    place = next
    return Draft(entries[next])
  }

  /// The entry after the one that is shown, at the end the kept draft; nil when the draft is shown already.
  package mutating func newer() -> Draft? {
    guard let current = place else { return nil }
    if current + 1 < entries.count {
      place = current + 1
      return Draft(entries[current + 1])
    }
    defer { (place, keptDraft) = (nil, nil) }
    return keptDraft ?? Draft()
  }

  /// The draft was changed or cleared: it is a new one now.
  package mutating func leave() { (place, keptDraft) = (nil, nil) }
}
