/// A text that grows, as rows. What is finished is laid out once for a width and never touched again; only the open
/// block is laid out for each frame. A new width lays all out anew.
package struct StreamedText {
  private var stream = MarkdownStream()
  private var blocks: [MarkdownBlock] = []
  private var frozen: [StyledLine] = []
  private var open: [StyledLine] = []
  /// Bytes of the text taken so far.
  private var taken = 0
  private var width = 0
  private var isFinished = false
  /// The role of plain text.
  package let role: StyleRole

  package init(role: StyleRole) { self.role = role }

  /// Rows so far.
  package var count: Int { frozen.count + open.count }

  /// Rows that will not change any more in this width.
  package var finishedCount: Int { frozen.count }

  /// The row at a place below `count`.
  package subscript(place: Int) -> StyledLine {
    place < frozen.count ? frozen[place] : open[place - frozen.count]
  }

  /// Brings the rows up to date with a text that only grew since the last call. Costs the new text, the open block,
  /// and everything when the width is new.
  package mutating func update(_ text: String, width: Int, isFinal: Bool) {
    let isNewWidth = width != self.width
    guard isNewWidth || text.utf8.count != taken || isFinal != isFinished else { return }
    let renderer = MarkdownRenderer(width: width, role: role)
    if isNewWidth {
      self.width = width
      frozen = blocks.flatMap(renderer.lines)
    }
    if text.utf8.count > taken {
      let start = text.utf8.index(text.startIndex, offsetBy: taken)
      // Rounded down to a whole scalar by the engine's promise never to split one.
      add(stream.append(VisibleText.of(String(text[start...]))), renderer)
      taken = text.utf8.count
    }
    if isFinal && !isFinished {
      add(stream.finish(), renderer)
      isFinished = true
    }
    open = isFinished ? [] : stream.open.flatMap(renderer.lines)
  }

  private mutating func add(_ new: [MarkdownBlock], _ renderer: MarkdownRenderer) {
    blocks += new
    for block in new { frozen += renderer.lines(for: block) }
  }
}
