/// Incremental search backwards through the history (Ctrl-R). Case does not matter.
package struct HistorySearch: Sendable, Equatable {
  package private(set) var query = ""
  /// The entry found; nil when nothing matches or nothing was asked for.
  package private(set) var match: Int?
  /// The draft that Esc gives back.
  package let draft: Draft

  package init(draft: Draft) { self.draft = draft }

  /// Adds to the query; the search goes on from where it is.
  package mutating func type(_ text: String, in entries: [String]) {
    query += VisibleText.singleLine(text)
    match = find(in: entries, before: match.map { $0 + 1 } ?? entries.count)
  }

  /// Takes the last cluster off the query and searches from the newest entry.
  package mutating func deleteBack(in entries: [String]) {
    guard !query.isEmpty else { return }
    query.removeLast()
    match = find(in: entries, before: entries.count)
  }

  /// Goes to the next older match; stays where it is when there is none.
  package mutating func older(in entries: [String]) {
    match = find(in: entries, before: match ?? entries.count) ?? match
  }

  /// The text that was found.
  package func found(in entries: [String]) -> String? {
    match.flatMap { entries.indices.contains($0) ? entries[$0] : nil }
  }

  private func find(in entries: [String], before end: Int) -> Int? {
    guard !query.isEmpty else { return nil }
    let wanted = query.lowercased()
    return entries[..<min(end, entries.count)].lastIndex { $0.lowercased().contains(wanted) }
  }
}
