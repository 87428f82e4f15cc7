/// The state machine of `MarkdownStream`: it parses whole lines and has at most one open block.
package struct MarkdownLines: Sendable {
  enum Open: Sendable {
    case none
    case paragraph(MarkdownBlock.Context, [String])
    case table(MarkdownBlock.Context, MarkdownTable)
    case code(MarkdownBlock.Context, Fence, SyntaxState)
    /// Indented code, with its last empty lines, which belong to it only if code follows.
    case indented(MarkdownBlock.Context, empty: [String])
    case math(MarkdownBlock.Context, MathFence, [String])
    case html(MarkdownBlock.Context, HTMLBlock)
  }

  struct Fence: Sendable {
    var mark: Character
    var count: Int
    var indent: Int
    var language: String
  }

  var open = Open.none
  var openBytes = 0
  var containers = MarkdownContainers()
  private var finished: [MarkdownBlock] = []
  private var lastWasBlank = true
  /// A code block has just ended.
  private var lastWasCode = false

  /// True between the fences of a code block.
  package var isInCode: Bool { if case .code = open { true } else { false } }

  private var isInParagraph: Bool { if case .paragraph = open { true } else { false } }

  /// Removes and returns the blocks finished since the last call.
  package mutating func takeFinished() -> [MarkdownBlock] {
    defer { finished = [] }
    return finished
  }

  /// Ends all that is open.
  package mutating func closeOpen() { close(to: 0) }

  mutating func closeBlock() {
    switch open {
    case .none, .html: break
    case .code, .indented: (lastWasBlank, lastWasCode) = (false, true)
    case .paragraph(let context, let lines): emitParagraph(lines, context)
    case .table(let context, let table): emit(.table(table), context)
    case .math(let context, _, let lines): emit(.math(lines.joined(separator: "\n")), context)
    }
    open = .none
    openBytes = 0
  }

  /// Ends the open block and all but the first `count` containers.
  mutating func close(to count: Int) {
    closeBlock()
    guard count < containers.count else { return }
    // An item without text.
    if containers.hasPending { emit(.paragraph(""), containers.takeContext()) }
    containers.close(to: count)
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

  /// Emits the definition of a link. It is not shown, so it separates nothing.
  mutating func emitDefinition(_ definition: LinkDefinition) {
    let kind = MarkdownBlock.Kind.definition(label: definition.label, address: definition.address)
    finished.append(MarkdownBlock(context: MarkdownBlock.Context(), kind: kind))
  }

  private static func standsApart(_ kind: MarkdownBlock.Kind) -> Bool {
    switch kind {
    case .heading, .codeStart: true
    default: false
    }
  }

  /// Parses a line without its line feed.
  package mutating func add(_ raw: String) {
    var cursor = LineCursor(raw.hasSuffix("\r") ? String(raw.dropLast()) : raw)
    var inside = containers.match(&cursor)
    if continuesBlock(cursor, inside) { return }
    if cursor.isBlank {
      close(to: inside)
      emit(.blank, MarkdownBlock.Context(quoteDepth: containers.quoteDepth))
      return
    }
    openContainers(&cursor, &inside)
    if cursor.isBlank {
      if !containers.hasPending { emit(.blank, MarkdownBlock.Context(quoteDepth: containers.quoteDepth)) }
      return
    }
    if cursor.indent < 4, addBlock(cursor, inside) { return }
    // Text continues a paragraph even where it lacks the marks of the containers.
    if !isInParagraph {
      close(to: inside)
      if cursor.indent >= 4 {
        emit(.codeStart(language: ""), containers.takeContext())
        addIndented(cursor, containers.takeContext())
        return
      }
    }
    addText(cursor.text)
  }

  /// Opens the quotes and list items that start here. `inside` is the number of containers the line is in.
  private mutating func openContainers(_ cursor: inout LineCursor, _ inside: inout Int) {
    while cursor.indent < 4, !cursor.isBlank {
      let isDirect = inside == containers.count
      if containers.isQuote(cursor) {
        close(to: inside)
        containers.openQuote(&cursor)
      } else if let marker = containers.item(cursor, inParagraph: isInParagraph && isDirect),
        !startsBlock(cursor.content, isDirect: isDirect)
      {
        if containers.isNested(marker, cursor, at: inside) { inside += 1 }
        let number = marker.number.map { containers.next(after: inside, marker) ?? $0 }
        close(to: inside)
        containers.openItem(&cursor, marker, number: number)
      } else {
        return
      }
      inside = containers.count
    }
  }

  /// Whether a line that could be a list item is another block.
  private func startsBlock(_ content: String, isDirect: Bool) -> Bool {
    if MarkdownLine.isRule(content) { return true }
    switch open {
    case .paragraph: return isDirect && MarkdownLine.underline(content) != nil
    case .table: return isDirect && content.contains("|")
    default: return false
    }
  }

  /// Adds a line to open code or an open formula. Returns false if it does not belong to it.
  private mutating func continuesBlock(_ cursor: LineCursor, _ inside: Int) -> Bool {
    let isDirect = inside == containers.count
    switch open {
    case .code(let context, let fence, let state) where isDirect:
      addCode(cursor, context, fence, state)
      return true
    case .indented(let context, let empty) where isDirect && (cursor.isBlank || cursor.indent >= 4):
      addIndented(cursor, context, empty)
      return true
    case .math(let context, let fence, let lines) where containers.areItems(after: inside):
      return addMath(cursor.rest, context, fence, lines)
    case .html(let context, let block) where isDirect && !block.isOver(before: cursor):
      addHTML(cursor, context, block)
      return true
    case .code, .indented, .math, .html: closeBlock()
    case .none, .paragraph, .table: break
    }
    return false
  }

  /// Adds a block that is not text and starts in this line. Returns false for text.
  private mutating func addBlock(_ cursor: LineCursor, _ inside: Int) -> Bool {
    let content = cursor.content
    if let (mark, count, language) = MarkdownLine.fence(content) {
      close(to: inside)
      emit(.codeStart(language: language), containers.takeContext())
      let fence = Fence(mark: mark, count: count, indent: cursor.indent, language: language)
      open = .code(containers.takeContext(), fence, .code)
    } else if let block = HTMLBlock(content, inParagraph: isInParagraph) {
      close(to: inside)
      addHTML(cursor, containers.takeContext(), block)
    } else if let fence = MathFence(content), startMath(content, inside, fence) {
      return true
    } else if let (level, text) = MarkdownLine.heading(content) {
      close(to: inside)
      emit(.heading(level: level, text), containers.takeContext())
    } else if inside == containers.count, continuesTable(content) {
      return true
    } else if inside == containers.count, let level = MarkdownLine.underline(content), underline(level) {
      return true
    } else if MarkdownLine.isRule(content) {
      close(to: inside)
      emit(.rule, containers.takeContext())
    } else {
      return false
    }
    return true
  }
}
