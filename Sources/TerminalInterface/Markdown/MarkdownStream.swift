/// Reads Markdown line by line as it comes, and hands out blocks as soon as nothing that follows can change them.
///
/// What is not finished (the paragraph or table that is open, and the line that is still being written) is kept small
/// and read again for each frame; cost per frame is its length, never that of the document. A paragraph is ended at
/// `openLimit` bytes whatever comes.
package struct MarkdownStream: Sendable {
  /// Longest open paragraph in bytes.
  package static let openLimit = 16 * 1024
  /// Longest line that is looked at as a whole.
  package static let lineLimit = 8 * 1024

  private var machine = MarkdownLines()
  /// The last line, still without its end.
  private var partial = ""

  package init() {}

  /// Takes more text and returns the blocks that it finished.
  package mutating func append(_ text: some StringProtocol) -> [MarkdownBlock] {
    var rest = text[...]
    while let end = rest.utf8.firstIndex(of: 10) {
      partial += rest[..<end]
      machine.take(partial)
      partial = ""
      rest = rest[rest.utf8.index(after: end)...]
    }
    partial += rest
    if partial.utf8.count > Self.lineLimit {
      machine.take(partial)
      partial = ""
    }
    return machine.takeFinished()
  }

  /// The blocks of what is not finished yet, as they look now.
  package var open: [MarkdownBlock] {
    var copy = machine
    if !partial.isEmpty && !Self.isUndecided(partial) || machine.isInCode && !partial.isEmpty {
      copy.take(partial)
    }
    copy.closeOpen()
    return copy.takeFinished()
  }

  /// Ends the document and returns the last blocks.
  package mutating func finish() -> [MarkdownBlock] {
    if !partial.isEmpty { machine.take(partial) }
    partial = ""
    machine.closeOpen()
    return machine.takeFinished()
  }

  // A line of which only marks are there ("##", "- ", "``", "1.") could become anything: it is not shown yet.
  private static func isUndecided(_ line: String) -> Bool {
    line.utf8.count <= 12 && line.utf8.allSatisfy { " \t#*-+_>`~=|.)0123456789:".utf8.contains($0) }
      && !line.utf8.allSatisfy { (0x30...0x39).contains($0) }
  }
}
