/// The classification of a single line of Markdown.
package enum MarkdownLine {
  /// Removes quote marks from the start; returns their number and the rest.
  package static func quote(_ line: String, deepest: Int) -> (depth: Int, rest: String) {
    var rest = line[...]
    var depth = 0
    while depth < deepest {
      let inner = rest.drop { $0 == " " }
      guard inner.first == ">", rest.count - inner.count < 4 else { break }
      depth += 1
      rest = inner.dropFirst()
      if rest.first == " " { rest = rest.dropFirst() }
    }
    return (depth, String(rest))
  }

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

  /// An opening code fence: its mark, the number of marks, and the language.
  package static func fence(_ content: String) -> (mark: Character, count: Int, language: String)? {
    guard let mark = content.first, mark == "`" || mark == "~" else { return nil }
    let count = content.prefix { $0 == mark }.count
    let information = content.dropFirst(count)
    guard count >= 3, mark == "~" || !information.contains("`") else { return nil }
    let language = information.drop { $0.isWhitespace }.prefix { !$0.isWhitespace && $0 != "{" }
    return (mark, count, String(language.prefix(40)))
  }

  /// A heading with its level, 1 to 6, and its text.
  package static func heading(_ content: String) -> (level: Int, text: String)? {
    let level = content.prefix { $0 == "#" }.count
    guard (1...6).contains(level) else { return nil }
    var text = content.dropFirst(level)
    guard text.isEmpty || text.first == " " else { return nil }
    text = text.drop { $0 == " " }
    // The closing marks: "## Title ##".
    let closed = text.reversed().drop { $0 == "#" }
    if closed.first == " " || closed.isEmpty { text = text.dropLast(text.count - closed.count) }
    while text.last == " " { text = text.dropLast() }
    return (level, String(text))
  }

  /// The level of a setext heading underline.
  package static func underline(_ content: String) -> Int? {
    if content.utf8.count >= 2 && content.allSatisfy({ $0 == "=" }) { return 1 }
    if content.utf8.count >= 2 && content.allSatisfy({ $0 == "-" }) { return 2 }
    return nil
  }

  /// A thematic break: three or more of one of - * _, with optional spaces.
  package static func isRule(_ content: String) -> Bool {
    guard let mark = content.first, "-*_".contains(mark) else { return false }
    return content.allSatisfy { $0 == mark || $0 == " " }
      && content.reduce(0) { $0 + ($1 == mark ? 1 : 0) } >= 3
  }

  /// A list item: the marker to draw, and its text.
  package static func item(_ content: String) -> (marker: String, text: String)? {
    guard let first = content.first else { return nil }
    if "-*+".contains(first) {
      let rest = content.dropFirst()
      guard rest.isEmpty || rest.first == " " else { return nil }
      let text = rest.drop { $0 == " " }
      if text.hasPrefix("[ ] ") { return ("☐", String(text.dropFirst(4))) }
      if text.hasPrefix("[x] ") || text.hasPrefix("[X] ") { return ("☑", String(text.dropFirst(4))) }
      return ("•", String(text))
    }
    let digits = content.prefix { $0.isASCII && $0.isNumber }
    guard (1...9).contains(digits.count) else { return nil }
    let rest = content.dropFirst(digits.count)
    guard let mark = rest.first, mark == "." || mark == ")" else { return nil }
    let text = rest.dropFirst()
    guard text.isEmpty || text.first == " " else { return nil }
    return (digits + String(mark), String(text.drop { $0 == " " }))
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
