/// The rows of a growing text. Finished blocks are laid out once for a width; only the open block is laid out for each
/// frame. A new width lays out everything again.
package struct StreamedText {
  private var stream = MarkdownStream()
  private var blocks: [MarkdownBlock] = []
  private var frozen: [StyledLine] = []
  private var open: [StyledLine] = []
  /// The bytes of the text consumed so far, and the last ones of them.
  private var consumed = 0
  private var end: [UInt8] = []
  private var width = 0
  private var options = RenderOptions()
  private var isFinished = false
  private var openParagraph = OpenParagraph()
  /// The code blocks among the finished blocks.
  private var codeBlocks = 0
  /// The definitions of links among the finished blocks, and whether one came after a block that could refer to it.
  private var references = LinkReferences()
  private var hasLateReferences = false
  /// Whether a finished block contains a bracket.
  private var hasBrackets = false
  /// The role of plain text.
  package let role: StyleRole

  package init(role: StyleRole) { self.role = role }

  /// The number of rows.
  package var count: Int { frozen.count + open.count }

  /// The number of rows that no longer change in this width.
  package var finishedCount: Int { frozen.count }

  /// The row at a place below `count`.
  package subscript(place: Int) -> StyledLine {
    place < frozen.count ? frozen[place] : open[place - frozen.count]
  }

  /// Updates the rows for a text that only grew since the last call. The cost is that of the new text and the open
  /// block, or of the whole text after a change of the width.
  package mutating func update(
    _ text: String, width: Int, isFinal: Bool, options: RenderOptions = RenderOptions()
  ) {
    if options != self.options {
      self = StreamedText(role: role)
      self.options = options
    }
    // A continued answer grows after its end. Another text is laid out from its start.
    if isFinished && (!isFinal || text.utf8.count != consumed) || !hasGrown(to: text) {
      self = StreamedText(role: role)
      self.options = options
    }
    let isNewWidth = width != self.width
    guard isNewWidth || text.utf8.count != consumed || isFinal != isFinished else { return }
    let renderer = MarkdownRenderer(width: width, role: role, options: options)
    if isNewWidth {
      self.width = width
      layOut(renderer)
    }
    if text.utf8.count > consumed {
      let start = text.utf8.index(text.startIndex, offsetBy: consumed)
      // A delta never splits a Unicode scalar (see `EngineEvent.delta`).
      let previous = Self.previous(of: text[..<start].unicodeScalars)
      add(stream.append(options.visible(String(text[start...]), after: previous)), renderer)
      consumed = text.utf8.count
      end = Array(text.utf8.suffix(Self.comparedBytes))
    }
    if isFinal && !isFinished {
      add(stream.finish(), renderer)
      isFinished = true
      // Now all definitions are known.
      if hasLateReferences { layOut(renderer) }
    }
    open = isFinished ? [] : openLines(renderer)
  }

  // Whether the text consumed so far can be the start of this one. Only its end is compared.
  private func hasGrown(to text: String) -> Bool {
    guard text.utf8.count >= consumed else { return false }
    let last = text.utf8.index(text.utf8.startIndex, offsetBy: consumed)
    return text.utf8[..<last].suffix(end.count).elementsEqual(end)
  }

  private static let comparedBytes = 64

  // The scalar that decides how the next part is shown: joiners refer to the one before them.
  private static func previous(of scalars: Substring.UnicodeScalarView) -> Unicode.Scalar? {
    guard scalars.last == "\u{200D}" else { return scalars.last }
    let last = scalars.last { $0 != "\u{200D}" }
    // A line end is not divided by a joiner.
    return last == "\r" ? nil : last
  }

  private mutating func openLines(_ renderer: MarkdownRenderer) -> [StyledLine] {
    var renderer = renderer
    renderer.isOpen = true
    renderer.references = references
    var count = codeBlocks
    var rows: [StyledLine] = []
    for block in stream.open {
      switch block.kind {
      case .paragraph(let text): rows += openParagraph.rows(text, block.context, renderer)
      case .definition(let label, let address): renderer.references.add(label, address)
      default: rows += lines(of: block, renderer, &count)
      }
    }
    return rows
  }

  private func lines(
    of block: MarkdownBlock, _ renderer: MarkdownRenderer, _ codeBlocks: inout Int
  ) -> [StyledLine] {
    guard case .codeStart = block.kind, role == .text else { return renderer.lines(for: block) }
    codeBlocks += 1
    return renderer.lines(for: block, code: codeBlocks)
  }

  private mutating func add(_ new: [MarkdownBlock], _ renderer: MarkdownRenderer) {
    blocks += new
    layOut(new, renderer)
  }

  /// Lays out all finished blocks again.
  private mutating func layOut(_ renderer: MarkdownRenderer) {
    (frozen, codeBlocks) = ([], 0)
    // While the text grows, a block refers to the definitions before it, at every width.
    if !isFinished { references = LinkReferences() }
    layOut(blocks, renderer)
  }

  private mutating func layOut(_ blocks: [MarkdownBlock], _ renderer: MarkdownRenderer) {
    var renderer = renderer
    for block in blocks {
      if case .definition(let label, let address) = block.kind {
        // Without a second owner, the definitions are not copied.
        renderer.references = LinkReferences()
        references.add(label, address)
        hasLateReferences = hasLateReferences || hasBrackets
      } else {
        renderer.references = references
        hasBrackets = hasBrackets || block.hasBrackets
        frozen += lines(of: block, renderer, &codeBlocks)
      }
    }
  }
}
