/// The code blocks of a Markdown text, for copying.
package enum CodeBlocks {
  package static func of(_ text: String) -> [String] {
    var stream = MarkdownStream()
    let blocks = stream.append(text) + stream.finish()
    var found: [String] = []
    var isOpen = false
    for block in blocks {
      switch block.kind {
      case .codeStart:
        found.append("")
        isOpen = true
      case .codeLine(let line, _, _) where isOpen: found[found.count - 1] += line + "\n"
      default: isOpen = false
      }
    }
    return found
  }
}
