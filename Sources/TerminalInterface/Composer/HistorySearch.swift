/// Incremental, case-insensitive search backwards through the history (Ctrl-R).
package struct HistorySearch: Sendable, Equatable {
  package private(set) var query = ""
  /// The index of the match; nil when nothing matches or the query is empty.
  package private(set) var match: Int?
  /// The draft that Esc restores.
  package let draft: Draft

  package init(draft: Draft) { self.draft = draft }

  /// Extends the query; the search continues from the current match.
  package mutating func type(_ text: String, in entries: [String]) {
    query += text
    match = find(in: entries, before: match.map { $0 + 1 } ?? entries.count)
  }

  /// Removes the last character of the query and searches from the newest entry.
  package mutating func deleteBack(in entries: [String]) {
    guard !query.isEmpty else { return }
    query.removeLast()
    match = find(in: entries, before: entries.count)
  }

  /// Moves to the next older match; keeps the current one when there is none.
  package mutating func older(in entries: [String]) {
    match = find(in: entries, before: match ?? entries.count) ?? match
  }

  /// The text of the match.
  package func found(in entries: [String]) -> String? {
    match.flatMap { entries.indices.contains($0) ? entries[$0] : nil }
  }

  private func find(in entries: [String], before end: Int) -> Int? {
    guard !query.isEmpty else { return nil }
    let wanted = query.lowercased()
    return entries[..<min(end, entries.count)].lastIndex { $0.lowercased().contains(wanted) }
  }
}
