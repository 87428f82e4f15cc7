/// The rows of a table: columns have their natural widths; if these exceed the screen, the widest ones shrink first.
package struct MarkdownTableLayout {
  package let table: MarkdownTable
  package let width: Int
  package var role: StyleRole
  package var hasLinks: Bool
  package var references: LinkReferences

  package init(
    table: MarkdownTable, width: Int, role: StyleRole = .text, hasLinks: Bool = false,
    references: LinkReferences = LinkReferences()
  ) {
    self.table = table
    self.width = width
    self.role = role
    self.hasLinks = hasLinks
    self.references = references
  }

  /// The header, a rule, and the body; cells that do not fit wrap.
  package var lines: [StyledLine] {
    let cells = table.rows.enumerated().map { index, row in
      let base = TextStyle(role, index == 0 ? [.bold] : [])
      return row.map { InlineParser.spans($0, base, hasLinks: hasLinks, references: references) }
    }
    let widths = columnWidths(cells)
    var lines: [StyledLine] = []
    for (index, row) in cells.enumerated() {
      lines += rowLines(row, widths)
      if index == 0 {
        let rule = widths.map { String(repeating: "─", count: $0) }.joined(separator: "─┼─")
        lines.append(StyledLine([Span(rule, .tableBorder)]).truncated(to: width))
      }
    }
    return lines
  }

  private func columnWidths(_ cells: [[[Span]]]) -> [Int] {
    let count = table.alignments.count
    var widths = (0..<count).map { column in
      cells.reduce(1) { max($0, column < $1.count ? StyledLine($1[column]).columns : 1) }
    }
    let room = max(count, width - 3 * (count - 1))
    var excess = widths.reduce(0, +) - room
    while excess > 0, let widest = widths.max(), widest > 1, let column = widths.firstIndex(of: widest) {
      // Shrinks to the second widest at once, so that the loop runs about once per column.
      let next = widths.filter { $0 < widest }.max() ?? 1
      let step = max(1, min(excess, widest - max(next, 1)))
      widths[column] -= step
      excess -= step
    }
    return widths
  }

  private func rowLines(_ row: [[Span]], _ widths: [Int]) -> [StyledLine] {
    let wrapped = widths.indices.map { column in
      LineWrapper(width: widths[column]).wrap(column < row.count ? row[column] : [])
    }
    let height = wrapped.map(\.count).max() ?? 1
    return (0..<height).map { index in
      var line = StyledLine()
      for (column, lines) in wrapped.enumerated() {
        if column > 0 { line.append(" │ ", TextStyle(.tableBorder)) }
        let cell = index < lines.count ? lines[index] : StyledLine()
        let space = max(0, widths[column] - cell.columns)
        let before =
          switch table.alignments[column] {
          case .left: 0
          case .center: space / 2
          case .right: space
          }
        line.append(String(repeating: " ", count: before), TextStyle(role))
        for span in cell.spans { line.append(span.text, span.style) }
        line.append(String(repeating: " ", count: space - before), TextStyle(role))
      }
      return line.truncated(to: width)
    }
  }
}
