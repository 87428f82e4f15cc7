/// The lines of paragraphs, tables, code and raw HTML.
extension MarkdownLines {
  private static let longestTable = 400

  /// Adds a line, without the white space before it, to the open paragraph, or starts one.
  mutating func addText(_ content: String) {
    guard case .paragraph(let context, var lines) = open else {
      closeBlock()
      open = .paragraph(containers.takeContext(), [content])
      openBytes = content.utf8.count
      return
    }
    if lines.count == 1, lines[0].contains("|"),
      let alignments = MarkdownLine.tableRule(MarkdownLine.trimmed(content))
    {
      let head = MarkdownLine.cells(MarkdownLine.trimmed(lines[0]))
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

  /// Emits the definitions of links at the start of a paragraph, and the rest of it.
  mutating func emitParagraph(_ lines: [String], _ context: MarkdownBlock.Context) {
    let text = emitDefinitions(Self.text(of: lines))
    // A list item with definitions only is empty.
    if !text.isEmpty || !context.marker.isEmpty { emit(.paragraph(text), context) }
  }

  /// Makes the open paragraph a heading. Returns false when there is no paragraph, or when it has consisted of the
  /// definitions of links: then the line is the first one of the paragraph.
  mutating func underline(_ level: Int) -> Bool {
    guard case .paragraph(let context, let lines) = open else { return false }
    let text = emitDefinitions(Self.text(of: lines))
    open = text.isEmpty ? .paragraph(context, []) : .none
    if !text.isEmpty { emit(.heading(level: level, text), context) }
    return !text.isEmpty
  }

  /// The text of a paragraph. White space at the end of a line is a part of code and of tags only.
  private static func text(of lines: [String]) -> String {
    let hasCode = lines.contains { line in
      line.utf8.contains { $0 == UInt8(ascii: "`") || $0 == UInt8(ascii: "<") }
    }
    guard hasCode else { return lines.map(MarkdownLine.trimmed).joined(separator: "\n") }
    return MarkdownLine.trimmed(lines.joined(separator: "\n"))
  }

  /// Emits the definitions at the start of a text, and returns the rest of it.
  private mutating func emitDefinitions(_ text: String) -> String {
    guard text.utf8.first == UInt8(ascii: "[") else { return text }
    let characters = Array(text)
    var start = 0
    while let definition = LinkDefinition(characters, start) {
      emitDefinition(definition)
      start = definition.end
    }
    return start == 0 ? text : String(characters[start...])
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

  /// Adds a line to a block of raw HTML, and ends the block if it is the last one.
  mutating func addHTML(_ cursor: LineCursor, _ context: MarkdownBlock.Context, _ block: HTMLBlock) {
    let line = MarkdownLine.trimmed(cursor.rest)
    open = .none
    if line.isEmpty {
      emit(.blank, MarkdownBlock.Context(quoteDepth: context.quoteDepth))
    } else {
      emit(.htmlLine(line), context)
    }
    // The lines after the first show no marker.
    if !block.isLast(line) { open = .html(containers.takeContext(), block) }
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
