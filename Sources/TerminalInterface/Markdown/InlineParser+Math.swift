/// Mathematics in a line, and the HTML tags that models write in Markdown.
extension InlineParser {
  private static let formulaLimit = 800

  /// Parses a formula at `$`, `$$`, `\(` or `\[`. Returns the index after it, or after its first character.
  mutating func readMath(_ text: [Character], _ start: Int) -> Int {
    let isDollar = text[start] == "$"
    let isDouble = isDollar && start + 1 < text.count && text[start + 1] == "$"
    let first = start + (isDollar && !isDouble ? 1 : 2)
    let end: [Character] =
      isDouble ? ["$", "$"] : isDollar ? ["$"] : text[start + 1] == "(" ? ["\\", ")"] : ["\\", "]"]
    let limit = min(text.count, start + Self.formulaLimit)
    // An end that an earlier search has not found is behind the text it searched.
    let mark = end[end.count - 1]
    var place = isDollar ? first : max(first, searched[mark] ?? 0)
    while place + end.count <= limit {
      if text[place..<(place + end.count)].elementsEqual(end) {
        let formula = text[first..<place]
        let next = place + end.count
        guard !formula.isEmpty,
          !isDollar || isDouble || Self.isFormula(formula, next: next < text.count ? text[next] : " ")
        else { break }
        add(MathText.line(String(formula)), base)
        return next
      }
      place += text[place] == "\\" ? 2 : 1
    }
    if !isDollar, place + end.count > limit { searched[mark] = place }
    // Not a formula: an escaped bracket, or a dollar sign.
    plain.append(isDollar ? "$" : text[start + 1])
    return start + (isDollar ? 1 : 2)
  }

  /// Whether text between single dollar signs is a formula rather than text between two prices or shell variables.
  private static func isFormula(_ formula: ArraySlice<Character>, next: Character) -> Bool {
    guard let first = formula.first, let last = formula.last, !first.isWhitespace, !last.isWhitespace,
      !next.isNumber, !next.isLetter, !formula.contains("`")
    else { return false }
    return formula.count == 1 || formula.contains { "\\^_=<>+{}()|".contains($0) }
      || formula.allSatisfy(\.isNumber)
  }

  /// Parses a tag whose inner text is `inner`. Returns the index after it, or nil for an unknown tag, which is text.
  mutating func readTag(_ inner: String, _ text: [Character], _ end: Int) -> Int? {
    guard let name = Self.nameWithEffect(inner) else { return nil }
    let isClosing = inner.hasPrefix("/")
    switch name {
    case "br":
      plain.append("\n")
      return end
    case "sub", "sup":
      guard !isClosing, let (content, next) = Self.content(of: name, text, end) else {
        return isClosing ? end : nil
      }
      plain += MathScripts.script(content, isSuper: name == "sup")
      return next
    case "kbd", "code", "samp", "tt":
      guard !isClosing, let (content, next) = Self.content(of: name, text, end) else { return nil }
      add(content, TextStyle(.codeInline, base.emphasis))
      return next
    case "b", "strong": change(bold: isClosing ? -1 : 1)
    case "i", "em", "cite", "var": change(italic: isClosing ? -1 : 1)
    case "s", "del", "strike": change(struck: isClosing ? -1 : 1)
    // The text of the others has no look of its own.
    default: endPlain()
    }
    return end
  }

  private static let namesWithEffect: Set<String> = [
    "br", "sub", "sup", "kbd", "code", "samp", "tt", "b", "strong", "i", "em", "cite", "var", "s", "del",
    "strike", "u", "ins", "small", "mark", "q", "span",
  ]

  // Tags with attributes are text.
  private static func nameWithEffect(_ inner: String) -> String? {
    let name = inner.drop { $0 == "/" }.prefix { $0.isLetter || $0.isNumber }.lowercased()
    let rest = inner.drop { $0 == "/" }.dropFirst(name.count)
    return rest.allSatisfy { $0 == " " || $0 == "/" } && namesWithEffect.contains(name) ? name : nil
  }

  /// Whether a tag with this inner text has an effect instead of being shown.
  static func hasEffect(_ inner: String) -> Bool { nameWithEffect(inner) != nil }

  private mutating func change(bold: Int = 0, italic: Int = 0, struck: Int = 0) {
    endPlain()
    let earlier = changes[pieces.count] ?? (0, 0, 0)
    changes[pieces.count] = (earlier.bold + bold, earlier.italic + italic, earlier.struck + struck)
  }

  // The text up to the closing tag, on a bounded length.
  private static func content(
    of name: String, _ text: [Character], _ start: Int
  ) -> (content: String, next: Int)? {
    let closing = Array("</\(name)>")
    let limit = min(text.count, start + 200)
    var place = start
    while place + closing.count <= limit {
      if text[place] == "<", String(text[place..<(place + closing.count)]).lowercased() == String(closing) {
        return (String(text[start..<place]), place + closing.count)
      }
      place += 1
    }
    return nil
  }
}
