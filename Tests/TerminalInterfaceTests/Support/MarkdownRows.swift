import Foundation
import TerminalInterface

/// Markdown blocks in the form of Fixtures/commonmark.json, which Tests/Scripts/make_commonmark_cases.py describes.
enum MarkdownRows {
  /// The rows of a text that arrives in the given portions.
  static func of(_ portions: [String]) -> [String] {
    var stream = MarkdownStream()
    var blocks: [MarkdownBlock] = []
    for portion in portions {
      blocks += stream.append(portion)
      // Looking at the open part must not change what follows.
      if portions.count > 1 { _ = stream.open }
    }
    return rows(blocks + stream.finish())
  }

  private static func rows(_ blocks: [MarkdownBlock]) -> [String] {
    // In a complete text, the definitions of links count everywhere.
    var references = LinkReferences()
    for case .definition(let label, let address) in blocks.map(\.kind) { references.add(label, address) }
    // The columns of the markers of the items around a block.
    var columns: [Int] = []
    return joined(blocks).compactMap { block in
      guard let text = text(block.kind, references) else { return nil }
      var indent = block.context.indent
      while let last = columns.last, last >= indent { columns.removeLast() }
      let markers = block.context.marker.split(separator: " ").map(String.init)
      for marker in markers {
        columns.append(indent)
        indent += marker.count + 1
      }
      let quotes = String(repeating: ">", count: block.context.quoteDepth)
      let items = String(repeating: ".", count: columns.count)
      return quotes + items + markers.map(written(marker:)).joined(separator: " ") + "|" + text
    }
  }

  // The lines of raw HTML up to an empty line are one row, without their indents.
  private static func joined(_ blocks: [MarkdownBlock]) -> [MarkdownBlock] {
    blocks.reduce(into: []) { result, block in
      guard case .htmlLine(let line) = block.kind else { return result.append(block) }
      let text = String(line.drop { $0 == " " || $0 == "\t" })
      if case .htmlLine(let earlier)? = result.last?.kind {
        result[result.count - 1].kind = .htmlLine("\(earlier)\n\(text)")
      } else {
        var first = block
        first.kind = .htmlLine(text)
        result.append(first)
      }
    }
  }

  private static func written(marker: String) -> String {
    if ["•", "◦", "▪"].contains(marker) { return "-" }
    return marker.last.map { ".)".contains($0) } == true ? String(marker.dropLast()) : marker
  }

  private static func text(_ kind: MarkdownBlock.Kind, _ references: LinkReferences) -> String? {
    switch kind {
    case .blank, .definition: nil
    case .paragraph(let text): "p " + inline(text, references)
    case .htmlLine(let text): "p " + text
    case .heading(let level, let text): "h\(level) " + inline(text, references)
    case .rule: "hr "
    case .codeStart(let language): "code " + language
    case .codeLine(let line, _, _): "= " + line
    case .math(let formula): "math " + formula
    case .table(let table): "table \(table.rows)"
    }
  }

  private static func inline(_ text: String, _ references: LinkReferences) -> String {
    var parts: [(style: String, text: String)] = []
    let spans = InlineParser.spans(text, TextStyle(.text), references: references)
    for span in spans where !span.text.isEmpty {
      let style = letters(span.style)
      let text = style.contains("d") ? span.text.removingPercentEncoding ?? span.text : span.text
      if let last = parts.last, last.style == style {
        parts[parts.count - 1].text += text
      } else {
        parts.append((style, text))
      }
    }
    return parts.map { $0.style.isEmpty ? $0.text : "{\($0.style):\($0.text)}" }.joined()
  }

  // Links are underlined, also where their text is code.
  private static func letters(_ style: TextStyle) -> String {
    var letters = ""
    if style.emphasis.contains(.bold) { letters += "b" }
    if style.role == .codeInline { letters += "c" }
    if style.role == .dim { letters += "d" }
    if style.emphasis.contains(.italic) { letters += "i" }
    if style.role == .link || style.emphasis.contains(.underline) { letters += "l" }
    if style.emphasis.contains(.struck) { letters += "s" }
    return letters
  }
}
