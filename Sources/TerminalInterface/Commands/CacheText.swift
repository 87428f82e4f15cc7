import Conversation

/// The output of `/cache`.
package enum CacheText {
  /// The report as lines; a diamond marks the models that hold the current conversation.
  package static func of(_ report: CacheReport) -> String {
    var first = "Prompt caches: \(byteSize(report.held))"
    if report.budget > 0 { first += " of \(byteSize(report.budget))" }
    first += " in memory"
    if report.diskLimit > 0 || report.diskHeld > 0 {
      first += ", \(byteSize(report.diskHeld))"
      if report.diskLimit > 0 { first += " of \(byteSize(report.diskLimit))" }
      first += " on disk"
    }
    if report.entries.isEmpty { return first + "\nThe caches are empty." }
    let rows = report.entries.map { entry in
      [
        (entry.holdsConversation ? "◆ " : "  ") + VisibleText.singleLine(entry.model),
        entry.branches == 1 ? "1 branch" : "\(grouped(entry.branches)) branches",
        entry.tokens == 1 ? "1 token" : "\(grouped(entry.tokens)) tokens", byteSize(entry.bytes),
        entry.isResident ? "loaded" : "",
      ]
    }
    return ([first] + TextColumns.aligned(rows, right: [1, 2, 3])).joined(separator: "\n")
  }
}

/// Texts in aligned columns.
package enum TextColumns {
  /// The rows with each column padded to its widest text, two spaces apart; the columns in `right` are right-aligned.
  package static func aligned(_ rows: [[String]], right: Set<Int> = []) -> [String] {
    let count = rows.map(\.count).max() ?? 0
    let widths = (0..<count).map { column in
      rows.map { $0.indices.contains(column) ? CharacterWidth.columns(of: $0[column]) : 0 }.max() ?? 0
    }
    return rows.map { row in
      let cells = row.enumerated().map { column, text in
        let space = String(repeating: " ", count: widths[column] - CharacterWidth.columns(of: text))
        return right.contains(column) ? space + text : text + space
      }
      var line = cells.enumerated().filter { widths[$0.offset] > 0 }.map(\.element).joined(separator: "  ")
      while line.last == " " { line.removeLast() }
      return line
    }
  }
}
