/// The rows of a paragraph that still grows, such as a long list of numbers with one on each line.
///
/// The rows of its first lines are kept as long as those lines contain no marks: then nothing behind them changes them, and
/// a frame costs the lines after them only.
struct OpenParagraph {
  /// The lines whose rows are kept, with their line ends.
  private var kept = ""
  private var rows: [StyledLine] = []
  private var context = MarkdownBlock.Context()
  private var width = 0

  /// The rows of a paragraph. They are the same as those of `MarkdownRenderer.lines`.
  mutating func rows(_ text: String, _ context: MarkdownBlock.Context, _ renderer: MarkdownRenderer)
    -> [StyledLine]
  {
    if context != self.context || renderer.width != width || !text.utf8.starts(with: kept.utf8) {
      self = OpenParagraph(context: context, width: renderer.width)
    }
    var rest = text[text.utf8.index(text.startIndex, offsetBy: kept.utf8.count)...]
    while let end = rest.utf8.firstIndex(of: 10), Self.isPlain(rest[..<end]) {
      rows += renderer.lines(
        ofParagraph: MarkdownLine.trimmed(String(rest[..<end])), context, isContinued: !kept.isEmpty)
      kept += rest[...end]
      rest = rest[rest.utf8.index(after: end)...]
    }
    return rows + renderer.lines(ofParagraph: String(rest), context, isContinued: !kept.isEmpty)
  }

  // Whether no inline parsing is needed, and none that starts here can reach the next line.
  private static func isPlain(_ line: Substring) -> Bool {
    !line.utf8.contains { "*_`~[\\<&!$".utf8.contains($0) } && !line.contains("http")
  }
}
