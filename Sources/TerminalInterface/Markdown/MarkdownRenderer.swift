/// Lays out blocks as rows. A pure function of the block and the width.
package struct MarkdownRenderer {
  /// The columns of a row.
  package let width: Int
  /// The role of plain text: `.text` for answers, `.reasoning` for reasoning.
  package var role: StyleRole
  package var options: RenderOptions
  /// The blocks are those of an unfinished part, whose marks may still get an end.
  package var isOpen = false
  /// The definitions of links.
  package var references = LinkReferences()

  package init(width: Int, role: StyleRole = .text, options: RenderOptions = RenderOptions()) {
    self.width = width
    self.role = role
    self.options = options
  }

  /// The rows of one block. `code` is the number of a code block, for `/copy N`; nil for none.
  package func lines(for block: MarkdownBlock, code number: Int? = nil) -> [StyledLine] {
    let lead = lead(of: block.context)
    switch block.kind {
    case .blank:
      return [StyledLine(quoteBars(block.context))]
    case .definition: return []
    case .paragraph(let text): return lines(ofParagraph: text, block.context)
    case .heading(let level, let text):
      let base = TextStyle(role == .text ? .heading : role, Self.emphasis(ofHeading: level))
      return wrapped(spans(text, base), lead)
    case .htmlLine(let text):
      return wrapped([Span(text, base(block.context))], lead)
    case .rule:
      let columns = max(1, min(width, 60) - StyledLine(lead.first).columns)
      return [StyledLine(lead.first + [Span(String(repeating: "─", count: columns), .rule)])]
    case .codeStart(let language):
      let name = language.isEmpty ? "text" : language
      let copy = number.map { " · /copy \($0)" } ?? ""
      return [
        StyledLine(lead.first + [Span("  \(name)\(copy)", .codeLabel)], fill: .codeLabel).truncated(
          to: width)
      ]
    case .codeLine(let text, let language, let state):
      return code(text, language, state, lead.hanging)
    case .math(let formula):
      let margin = lead.hanging + [Span("  ", role)]
      return MathText.rows(formula).enumerated().flatMap { index, row in
        LineWrapper(width: width, hanging: margin + [Span("  ", role)]).wrap(
          [Span(row, role)], first: index == 0 ? lead.first + [Span("  ", role)] : margin)
      }
    case .table(let table):
      return MarkdownTableLayout(
        table: table, width: max(8, width - StyledLine(lead.first).columns), role: role,
        hasLinks: options.hasLinks, references: references
      )
      .lines.enumerated().map { StyledLine(($0 == 0 ? lead.first : lead.hanging) + $1.spans) }
    }
  }

  /// The rows of a paragraph, or of the lines after its first ones.
  func lines(
    ofParagraph text: String, _ context: MarkdownBlock.Context, isContinued: Bool = false
  ) -> [StyledLine] {
    let spans = spans(text, base(context))
    let lead = lead(of: context)
    let wrapper = LineWrapper(width: min(width, options.proseWidth), hanging: lead.hanging)
    return wrapper.wrap(spans, first: isContinued ? wrapper.usedHanging : lead.first)
  }

  private func base(_ context: MarkdownBlock.Context) -> TextStyle {
    TextStyle(context.quoteDepth > 0 && role == .text ? .quote : role)
  }

  private func spans(_ text: String, _ base: TextStyle) -> [Span] {
    InlineParser.spans(text, base, hasLinks: options.hasLinks, isOpen: isOpen, references: references)
  }

  private static func emphasis(ofHeading level: Int) -> Emphasis {
    switch level {
    case 1: [.bold, .underline]
    case 2: .bold
    case 3: [.bold, .italic]
    default: .italic
    }
  }

  private func code(_ text: String, _ language: String, _ state: SyntaxState, _ lead: [Span]) -> [StyledLine]
  {
    let (spans, _) = SyntaxHighlighter.highlight(text, language: language, state: state)
    let margin = lead + [Span("  ", .code)]
    let wrapper = LineWrapper(width: width, hanging: margin, breaksAtWords: false)
    return wrapper.wrap(spans, first: margin).map { StyledLine($0.spans, fill: .code) }
  }

  private func wrapped(_ spans: [Span], _ lead: (first: [Span], hanging: [Span])) -> [StyledLine] {
    LineWrapper(width: min(width, options.proseWidth), hanging: lead.hanging).wrap(spans, first: lead.first)
  }

  // On a narrow screen at least half of the columns remain for text.
  private func lead(of context: MarkdownBlock.Context) -> (first: [Span], hanging: [Span]) {
    let bars = quoteBars(context)
    let indent = String(repeating: " ", count: min(context.indent, width / 4))
    guard !context.marker.isEmpty else {
      let lead = indent.isEmpty ? bars : bars + [Span(indent, role)]
      return (lead, lead)
    }
    let marker = context.marker + " "
    let rest = String(repeating: " ", count: CharacterWidth.columns(of: marker))
    return (
      bars + [Span(indent, role), Span(marker, role == .text ? .listMark : role)],
      bars + [Span(indent + rest, role)]
    )
  }

  private func quoteBars(_ context: MarkdownBlock.Context) -> [Span] {
    let depth = min(context.quoteDepth, width / 6)
    return depth == 0 ? [] : [Span(String(repeating: "▎ ", count: depth), .rule)]
  }
}
