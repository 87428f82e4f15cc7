/// The lines sent before, oldest first, without consecutive duplicates. Browsing keeps the draft.
package struct PromptHistory: Sendable, Equatable {
  package private(set) var entries: [String] = []
  /// The index of the entry that is shown; nil when the draft is shown.
  package private(set) var place: Int?
  private var keptDraft: Draft?
  /// Whether the newest entry is shown.
  package var isAtNewest: Bool { place != nil && place == entries.indices.last }

  /// The maximum number of entries.
  package static let limit = 2000

  package init(_ entries: [String] = []) { self.entries = Array(entries.suffix(Self.limit)) }

  /// Appends an entry and ends browsing.
  package mutating func add(_ text: String) {
    (place, keptDraft) = (nil, nil)
    guard !text.isEmpty, text != entries.last else { return }
    entries.append(text)
    if entries.count > Self.limit { entries.removeFirst(entries.count - Self.limit) }
  }

  /// Removes all entries that are among `texts`, and ends browsing.
  package mutating func remove(_ texts: Set<String>) {
    entries.removeAll { texts.contains($0) }
    endBrowsing()
  }

  /// The entry before the one that is shown; nil at the oldest. The first call stores `draft`.
  package mutating func older(than draft: Draft) -> Draft? {
    guard let next = place.map({ $0 - 1 }) ?? entries.indices.last, next >= 0 else { return nil }
    if place == nil { keptDraft = draft }
    place = next
    return Draft(entries[next])
  }

  /// The entry after the one that is shown, and after the newest the stored draft; nil when the draft is shown.
  package mutating func newer() -> Draft? {
    guard let current = place else { return nil }
    if current + 1 < entries.count {
      place = current + 1
      return Draft(entries[current + 1])
    }
    defer { (place, keptDraft) = (nil, nil) }
    return keptDraft ?? Draft()
  }

  /// Ends browsing because the draft was changed.
  package mutating func endBrowsing() { (place, keptDraft) = (nil, nil) }
}
