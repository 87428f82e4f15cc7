/// The lines of paragraphs, tables and code.
extension MarkdownLines {
  private static let longestTable = 400

  /// Adds a line to the open paragraph, or starts one.
  mutating func addText(_ content: String) {
    guard case .paragraph(let context, var lines) = open else {
      closeBlock()
      open = .paragraph(containers.takeContext(), [content])
      openBytes = content.utf8.count
      return
    }
    if lines.count == 1, let alignments = MarkdownLine.tableRule(content), lines[0].contains("|") {
      let head = MarkdownLine.cells(lines[0])
      if head.count == alignments.count {
        open = .table(context, MarkdownTable(alignments: alignments, rows: [head]))
        return
      }
    }
    open = .none
    lines.append(content)
    openBytes += content.utf8.count + 1
    open = .paragraph(context, lines)
    if openBytes > MarkdownStream.openLimit { closeBlock() }
  }

  mutating func continuesTable(_ content: String) -> Bool {
    guard case .table(let context, var table) = open else { return false }
    guard content.contains("|"), table.rows.count < Self.longestTable else {
      closeBlock()
      return false
    }
    open = .none
    var cells = MarkdownLine.cells(content)
    cells = Array(cells.prefix(table.alignments.count))
    cells += Array(repeating: "", count: table.alignments.count - cells.count)
    table.rows.append(cells)
    open = .table(context, table)
    return true
  }

  /// Adds a line to the open fenced code, or ends it.
  mutating func addCode(
    _ cursor: LineCursor, _ context: MarkdownBlock.Context, _ fence: Fence, _ state: SyntaxState
  ) {
    if cursor.indent < 4, MarkdownLine.closes(cursor.content, fence.mark, fence.count) {
      closeBlock()
      return
    }
    var cursor = cursor
    cursor.advance(columns: fence.indent)
    let code = cursor.rest
    emit(.codeLine(code, language: fence.language, state), context)
    let (_, next) = SyntaxHighlighter.highlight(code, language: fence.language, state: state)
    open = .code(context, fence, next)
  }

  /// Adds a line to indented code. `empty` are the empty lines before it.
  mutating func addIndented(_ cursor: LineCursor, _ context: MarkdownBlock.Context, _ empty: [String] = []) {
    var cursor = cursor
    let isBlank = cursor.isBlank
    cursor.advance(columns: 4)
    open = .none
    if isBlank {
      open = .indented(context, empty: empty + [cursor.rest])
      return
    }
    for line in empty + [cursor.rest] { emit(.codeLine(line, language: "", .code), context) }
    open = .indented(context, empty: [])
  }
}
