/// The titles that a model proposes.
extension SessionTitle {
  /// The message that asks for a title.
  public static let request =
    "Give our conversation a title of two to six words, in its language. Reply with the title only."

  /// The most words of a proposed title.
  private static let wordLimit = 10

  /// The title in a model's reply: its first line without quotes, Markdown and a full stop. Nil for a reply that is no
  /// title: one without a letter or number, or a sentence that is too long.
  public static func proposed(_ reply: String) -> String? {
    let lines = reply.prefix(1000).split(whereSeparator: \.isNewline).map(cleaned)
    guard let title = lines.first(where: { $0.contains { $0.isLetter || $0.isNumber } }) else { return nil }
    let words = title.split(separator: " ")
    guard words.count <= wordLimit, title.count <= limit, !request.hasPrefix(title) else { return nil }
    return title
  }

  private static func cleaned(_ line: Substring) -> String {
    // Control characters, and those that reorder text.
    let visible = line.unicodeScalars.filter { scalar in
      scalar == "\t"
        || !([.control, .lineSeparator, .paragraphSeparator].contains(scalar.properties.generalCategory)
          || (0x202A...0x202E).contains(scalar.value) || (0x2066...0x2069).contains(scalar.value))
    }
    var text = trimmed(String(String.UnicodeScalarView(visible)))
    if text.lowercased().hasPrefix("title:") { text = trimmed(String(text.dropFirst("title:".count))) }
    // A line that announces the title.
    if text.lowercased() == "title" { return "" }
    return text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
  }

  private static func trimmed(_ text: String) -> String {
    let marks: Set<Character> = [
      "#", "*", "_", "`", ">", "-", "–", "—", "\"", "'", "“", "”", "‘", "’", "„", "«", "»", "「", "」", "《",
      "》", "<",
    ]
    let ends = marks.union([".", "。", ":", ",", ";"])
    var rest = text[...]
    while let first = rest.first, first.isWhitespace || marks.contains(first) { rest = rest.dropFirst() }
    while let last = rest.last, last.isWhitespace || ends.contains(last) { rest = rest.dropLast() }
    return String(rest)
  }
}
