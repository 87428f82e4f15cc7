/// The state machine of `MarkdownStream`: it parses whole lines and has at most one open block.
package struct MarkdownLines: Sendable {
  enum Open: Sendable {
    case none
    case paragraph(MarkdownBlock.Context, [String])
    case table(MarkdownBlock.Context, MarkdownTable)
    case code(MarkdownBlock.Context, Fence, SyntaxState)
    case math(MarkdownBlock.Context, MathFence, [String])
  }

  struct Fence: Sendable {
    var mark: Character
    var count: Int
    var indent: Int
    var language: String
  }

  private static let deepestQuote = 8
  private static let deepestIndent = 24
  private static let longestTable = 400

  var open = Open.none
  var openBytes = 0
  private var finished: [MarkdownBlock] = []
  private var lastWasBlank = true
  /// The indents of the list items around the last one, from the outermost.
  private var itemIndents: [Int] = []
  /// A code block has just ended.
  private var lastWasCode = false

  /// True between the fences of a code block.
  package var isInCode: Bool { if case .code = open { true } else { false } }

  /// Removes and returns the blocks finished since the last call.
  package mutating func takeFinished() -> [MarkdownBlock] {
    defer { finished = [] }
    return finished
  }

  /// Ends the open block.
  package mutating func closeOpen() {
    switch open {
    case .none, .code: break
    case .paragraph(let context, let lines): emit(.paragraph(lines.joined(separator: "\n")), context)
    case .table(let context, let table): emit(.table(table), context)
    case .math(let context, _, let lines): emit(.math(lines.joined(separator: "\n")), context)
    }
    open = .none
    openBytes = 0
  }

  mutating func emit(_ kind: MarkdownBlock.Kind, _ context: MarkdownBlock.Context) {
    if kind == .blank {
      if lastWasBlank { return }
      lastWasBlank = true
    } else {
      // A heading, and code on both sides, stand apart from other text.
      if Self.standsApart(kind) || lastWasCode {
        emit(.blank, MarkdownBlock.Context(quoteDepth: context.quoteDepth))
      }
      lastWasBlank = false
    }
    lastWasCode = false
    finished.append(MarkdownBlock(context: context, kind: kind))
  }

  private static func standsApart(_ kind: MarkdownBlock.Kind) -> Bool {
    switch kind {
    case .heading, .codeStart: true
    default: false
    }
  }

  /// The bullet of a list shows its depth.
  private mutating func bullet(_ marker: String, indent: Int) -> String {
    while let last = itemIndents.last, last >= indent { itemIndents.removeLast() }
    itemIndents.append(indent)
    guard marker == "•" else { return marker }
    return ["•", "◦", "▪"][min(itemIndents.count, 3) - 1]
  }

  /// Parses a line without its line feed.
  package mutating func add(_ raw: String) {
    let line = raw.hasSuffix("\r") ? String(raw.dropLast()) : raw
    if case .code(let context, let fence, let state) = open {
      addCode(line, context, fence, state)
      return
    }
    if case .math(let context, let fence, let lines) = open, addMath(line, context, fence, lines) { return }
    let (depth, afterQuote) = MarkdownLine.quote(line, deepest: Self.deepestQuote)
    let (indent, content) = MarkdownLine.indent(afterQuote)
    var context = MarkdownBlock.Context(quoteDepth: depth, indent: min(indent, Self.deepestIndent))
    if content.isEmpty {
      closeOpen()
      emit(.blank, MarkdownBlock.Context(quoteDepth: depth))
    } else if let (mark, count, language) = MarkdownLine.fence(content) {
      closeOpen()
      emit(.codeStart(language: language), context)
      open = .code(context, Fence(mark: mark, count: count, indent: indent, language: language), .code)
    } else if let fence = MathFence(content), startMath(content, context, fence) {
      return
    } else if let (level, text) = MarkdownLine.heading(content) {
      closeOpen()
      emit(.heading(level: level, text), context)
    } else if continuesTable(content) {
      return
    } else if let level = MarkdownLine.underline(content), case .paragraph(let earlier, let lines) = open,
      earlier.marker.isEmpty, lines.count == 1
    {
      open = .none
      emit(.heading(level: level, lines[0]), earlier)
    } else if MarkdownLine.isRule(content) {
      closeOpen()
      emit(.rule, context)
    } else if let (marker, text) = MarkdownLine.item(content) {
      closeOpen()
      context.marker = bullet(marker, indent: indent)
      open = .paragraph(context, [text])
      openBytes = text.utf8.count
    } else {
      addText(content, context)
    }
  }

  mutating func addText(_ content: String, _ context: MarkdownBlock.Context) {
    guard case .paragraph(let earlier, var lines) = open, earlier.quoteDepth == context.quoteDepth else {
      closeOpen()
      open = .paragraph(context, [content])
      openBytes = content.utf8.count
      return
    }
    if lines.count == 1, earlier.marker.isEmpty, let alignments = MarkdownLine.tableRule(content),
      lines[0].contains("|")
    {
      let head = MarkdownLine.cells(lines[0])
      if head.count == alignments.count {
        open = .table(earlier, MarkdownTable(alignments: alignments, rows: [head]))
        return
      }
    }
    open = .none
    lines.append(content)
    openBytes += content.utf8.count + 1
    open = .paragraph(earlier, lines)
    if openBytes > MarkdownStream.openLimit { closeOpen() }
  }

  private mutating func continuesTable(_ content: String) -> Bool {
    guard case .table(let context, var table) = open else { return false }
    guard content.contains("|"), table.rows.count < Self.longestTable else {
      closeOpen()
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

  private mutating func addCode(
    _ line: String, _ context: MarkdownBlock.Context, _ fence: Fence, _ state: SyntaxState
  ) {
    let inner = context.quoteDepth > 0 ? MarkdownLine.quote(line, deepest: context.quoteDepth).rest : line
    let trimmed = inner.drop { $0 == " " }
    let marks = trimmed.prefix { $0 == fence.mark }.count
    if marks >= fence.count && trimmed.dropFirst(marks).allSatisfy({ $0 == " " }) {
      open = .none
      (lastWasBlank, lastWasCode) = (false, true)
      return
    }
    let leading = inner.count - trimmed.count
    let code = String(inner.dropFirst(min(leading, fence.indent)))
    emit(.codeLine(code, language: fence.language, state), context)
    let (_, next) = SyntaxHighlighter.highlight(code, language: fence.language, state: state)
    open = .code(context, fence, next)
  }
}
