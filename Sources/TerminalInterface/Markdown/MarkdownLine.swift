/// The classification of a single line of Markdown.
package enum MarkdownLine {
  /// The leading white space in columns, and the text after it without trailing white space.
  package static func indent(_ line: String) -> (columns: Int, content: String) {
    var columns = 0
    var rest = line[...]
    while let first = rest.first, first == " " || first == "\t" {
      columns += first == "\t" ? 4 - columns % 4 : 1
      rest = rest.dropFirst()
    }
    while rest.last == " " || rest.last == "\t" { rest = rest.dropLast() }
    return (columns, String(rest))
  }

  /// A line without the white space at its end.
  static func trimmed(_ line: String) -> String {
    guard let last = line.utf8.last, last == UInt8(ascii: " ") || last == UInt8(ascii: "\t") else {
      return line
    }
    return String(line[...(line.lastIndex { $0 != " " && $0 != "\t" } ?? line.startIndex)])
  }

  /// An opening code fence: its mark, the number of marks, and the language.
  package static func fence(_ content: String) -> (mark: Character, count: Int, language: String)? {
    guard let mark = content.first, mark == "`" || mark == "~" else { return nil }
    let count = content.prefix { $0 == mark }.count
    let information = content.dropFirst(count)
    guard count >= 3, mark == "~" || !information.contains("`") else { return nil }
    let language = information.drop { $0.isWhitespace }.prefix { !$0.isWhitespace && $0 != "{" }
    return (mark, count, HTMLEntity.unescaped(language.prefix(40)))
  }

  /// A heading with its level, 1 to 6, and its text.
  package static func heading(_ content: String) -> (level: Int, text: String)? {
    let level = content.prefix { $0 == "#" }.count
    guard (1...6).contains(level) else { return nil }
    var text = content.dropFirst(level)
    guard text.isEmpty || isSpace(text.first) else { return nil }
    // The closing marks: "## Title ##".
    let unclosed = text.dropLast(text.reversed().prefix { $0 == "#" }.count)
    if isSpace(unclosed.last) { text = unclosed }
    return (level, indent(String(text)).content)
  }

  private static func isSpace(_ character: Character?) -> Bool { character == " " || character == "\t" }

  /// The level of a setext heading underline.
  package static func underline(_ content: String) -> Int? {
    guard let mark = content.first, content.allSatisfy({ $0 == mark }) else { return nil }
    return mark == "=" ? 1 : mark == "-" ? 2 : nil
  }

  /// A thematic break: three or more of one of - * _, with optional spaces.
  package static func isRule(_ content: String) -> Bool {
    guard let mark = content.first, "-*_".contains(mark) else { return false }
    return content.allSatisfy { $0 == mark || isSpace($0) }
      && content.reduce(0) { $0 + ($1 == mark ? 1 : 0) } >= 3
  }

  /// Whether a line ends code that `count` marks opened.
  static func closes(_ content: String, _ mark: Character, _ count: Int) -> Bool {
    content.count >= count && content.allSatisfy { $0 == mark }
  }

  /// The delimiter row of a table: the alignment of each column.
  package static func tableRule(_ content: String) -> [MarkdownTable.Alignment]? {
    guard content.contains("-"), content.allSatisfy({ "|-: ".contains($0) }) else { return nil }
    let cells = cells(content)
    guard !cells.isEmpty, cells.count <= 64, cells.allSatisfy({ $0.contains("-") }) else { return nil }
    return cells.map { cell in
      switch (cell.hasPrefix(":"), cell.hasSuffix(":")) {
      case (true, true): .center
      case (false, true): .right
      default: .left
      }
    }
  }

  /// The cells of a table row; a bar after a backslash or in code is text.
  package static func cells(_ content: String) -> [String] {
    var cells: [String] = []
    var cell = ""
    var isEscaped = false
    var isCode = false
    for character in content.hasPrefix("|") ? content.dropFirst() : content[...] {
      if character == "|" && !isEscaped && !isCode {
        cells.append(cell)
        cell = ""
        continue
      }
      if isEscaped && character == "|" { cell.removeLast() }
      if character == "`" && !isEscaped { isCode.toggle() }
      isEscaped = character == "\\" && !isEscaped
      cell.append(character)
    }
    if !cell.allSatisfy({ $0 == " " }) { cells.append(cell) }
    return cells.map { indent($0).content }
  }
}
