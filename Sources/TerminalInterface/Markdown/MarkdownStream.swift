/// Parses Markdown incrementally, and returns blocks as soon as later text cannot change them.
///
/// The unfinished part (the open paragraph or table, and the incomplete last line) is parsed again for each frame. The
/// cost per frame is its length, never that of the document; a paragraph ends at `openLimit` bytes.
package struct MarkdownStream: Sendable {
  /// The maximum bytes of an open paragraph.
  package static let openLimit = 16 * 1024
  /// The maximum bytes of a line; a longer one is split.
  package static let lineLimit = 8 * 1024

  private var machine = MarkdownLines()
  /// The incomplete last line.
  private var partial = ""

  package init() {}

  /// Appends text and returns the blocks that it finished.
  package mutating func append(_ text: some StringProtocol) -> [MarkdownBlock] {
    var rest = text[...]
    while let end = rest.utf8.firstIndex(of: 10) {
      partial += rest[..<end]
      machine.add(partial)
      partial = ""
      rest = rest[rest.utf8.index(after: end)...]
    }
    partial += rest
    if partial.utf8.count > Self.lineLimit {
      machine.add(partial)
      partial = ""
    }
    return machine.takeFinished()
  }

  /// The blocks of the unfinished part, as if the text ended here.
  package var open: [MarkdownBlock] {
    var copy = machine
    if !partial.isEmpty && !Self.isUndecided(partial) || machine.isInCode && !partial.isEmpty {
      copy.add(partial)
    }
    copy.closeOpen()
    return copy.takeFinished()
  }

  /// Ends the document and returns the last blocks.
  package mutating func finish() -> [MarkdownBlock] {
    if !partial.isEmpty { machine.add(partial) }
    partial = ""
    machine.closeOpen()
    return machine.takeFinished()
  }

  // An incomplete line of marks only ("##", "- ", "``", "1.") is ambiguous: it is not shown yet.
  private static func isUndecided(_ line: String) -> Bool {
    line.utf8.count <= 12 && line.utf8.allSatisfy { " \t#*-+_>`~=|.)0123456789:".utf8.contains($0) }
      && !line.utf8.allSatisfy { (0x30...0x39).contains($0) }
  }
}
