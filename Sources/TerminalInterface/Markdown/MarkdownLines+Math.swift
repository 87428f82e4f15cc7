/// The delimiters of display mathematics: `$$ … $$`, `\[ … \]`, and the environments of LaTeX that stand without them.
struct MathFence: Sendable {
  let start: String
  let end: String
  /// The delimiters are part of the formula.
  var isKept = false

  /// Nil for a line that does not start with an opening delimiter.
  init?(_ content: String) {
    if content.hasPrefix("$$") {
      (start, end) = ("$$", "$$")
    } else if content.hasPrefix("\\[") {
      (start, end) = ("\\[", "\\]")
    } else if let name = Self.environment(content) {
      (start, end, isKept) = ("", "\\end{\(name)}", true)
    } else {
      return nil
    }
  }

  private static let environments: Set<String> = [
    "equation", "displaymath", "align", "aligned", "alignat", "flalign", "gather", "gathered", "multline",
    "eqnarray", "split", "cases", "array", "matrix", "pmatrix", "bmatrix", "Bmatrix", "vmatrix", "Vmatrix",
  ]

  private static func environment(_ content: String) -> String? {
    guard content.hasPrefix("\\begin{") else { return nil }
    let name = content.dropFirst("\\begin{".count).prefix { $0.isLetter || $0 == "*" }
    guard content.dropFirst("\\begin{".count + name.count).hasPrefix("}") else { return nil }
    return environments.contains(name.hasSuffix("*") ? String(name.dropLast()) : String(name))
      ? String(name) : nil
  }

  /// The parts of a text before and after the closing delimiter; nil when it has none.
  func split(_ text: some StringProtocol) -> (before: String, after: String)? {
    guard let range = text.firstRange(of: end) else { return nil }
    let last = isKept ? range.upperBound : range.lowerBound
    return (String(text[..<last]), String(text[range.upperBound...]))
  }
}

/// Display mathematics over one or several lines.
extension MarkdownLines {
  /// Starts a formula, and ends it if its delimiter is on the same line.
  /// - Returns: false when the formula is part of a sentence.
  mutating func startMath(_ content: String, _ inside: Int, _ fence: MathFence) -> Bool {
    let rest = content.dropFirst(fence.start.count)
    if let (before, after) = fence.split(rest) {
      guard Self.endsSentence(after) else { return false }
      close(to: inside)
      emit(.math(before + after), containers.takeContext())
      return true
    }
    close(to: inside)
    open = .math(containers.takeContext(), fence, [String(rest)])
    openBytes = rest.utf8.count
    return true
  }

  /// Adds a line to the open formula.
  /// - Returns: false when the line does not belong to it: an empty line ends a formula without an end.
  mutating func addMath(
    _ line: String, _ context: MarkdownBlock.Context, _ fence: MathFence, _ lines: [String]
  ) -> Bool {
    var lines = lines
    if let (before, after) = fence.split(line) {
      let isEnd = Self.endsSentence(after)
      open = .none
      emit(.math((lines + [isEnd ? before + after : before]).joined(separator: "\n")), context)
      if !isEnd { addText(MarkdownLine.indent(after).content) }
      return true
    }
    openBytes += line.utf8.count + 1
    let isText = line.allSatisfy(\.isWhitespace) || openBytes > MathText.lengthLimit
    guard isText else {
      lines.append(line)
      open = .math(context, fence, lines)
      return true
    }
    lines[0] = fence.start + lines[0]
    open = .none
    emit(.paragraph(lines.joined(separator: "\n")), context)
    return false
  }

  // Only punctuation follows the formula.
  private static func endsSentence(_ text: String) -> Bool {
    text.allSatisfy { $0 == " " || ".,;:".contains($0) }
  }
}
