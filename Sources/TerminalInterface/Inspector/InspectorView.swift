/// The rows of the token inspector: the answer as written, a rule, and the alternatives of the selected token.
package struct InspectorView {
  package let inspector: Inspector
  package let width: Int
  package let height: Int

  package init(inspector: Inspector, width: Int, height: Int) {
    self.inspector = inspector
    self.width = width
    self.height = height
  }

  /// At most `height` rows.
  package var lines: [StyledLine] {
    guard !inspector.tokens.isEmpty else {
      return [StyledLine(), StyledLine("  Computing probabilities …", .dim).truncated(to: width)]
    }
    let panel = Array(panel.prefix(max(1, height / 2)))
    let room = max(0, height - panel.count)
    let (rows, selectedRow) = text
    let first = max(0, min(selectedRow - room / 2, rows.count - room))
    var lines = Array(rows[min(first, rows.count)..<min(rows.count, first + room)])
    while lines.count < room { lines.append(StyledLine()) }
    return lines + panel
  }

  /// The answer, and the row of the selected token.
  private var text: (rows: [StyledLine], selectedRow: Int) {
    var spans: [Span] = []
    let bytes = Array(inspector.text.utf8)
    let start = inspector.tokens.first?.offset ?? bytes.count
    spans.append(Span(Self.string(bytes[..<start]), .text))
    for (index, token) in inspector.tokens.enumerated() {
      let end = min(token.offset + token.count, bytes.count)
      guard token.offset < end else { continue }
      spans.append(
        Span(
          Self.string(bytes[token.offset..<end]), Self.style(token.probability, index == inspector.selected)))
    }
    let rows = LineWrapper(width: min(width, 100)).wrap(spans.filter { !$0.text.isEmpty })
    let row = rows.firstIndex { $0.spans.contains { $0.style.emphasis.contains(.reverse) } } ?? 0
    return (rows, row)
  }

  private static func string(_ bytes: ArraySlice<UInt8>) -> String {
    VisibleText.of(String(decoding: bytes, as: UTF8.self))
  }

  /// One colour marks the doubtful tokens, and a line below them the surprising ones: much of an answer may be doubtful,
  /// and must stay readable.
  static func style(_ probability: Double, _ isSelected: Bool) -> TextStyle {
    let mark: Emphasis = isSelected ? .reverse : []
    if probability < Inspector.surprise { return TextStyle(.warning, mark.union(.underline)) }
    return TextStyle(probability < Inspector.doubt ? .warning : .text, mark)
  }

  private var panel: [StyledLine] {
    guard inspector.tokens.indices.contains(inspector.selected) else { return [] }
    let token = inspector.tokens[inspector.selected]
    let (number, count) = (inspector.selected + 1, inspector.tokens.count)
    let place = width < 70 ? "\(number)/\(count)" : "token \(number) of \(count)"
    let keys =
      width < 70
      ? "←→ ↑↓ · Enter forks · Esc" : "←→ Tab token · ↑↓ alternative · Enter forks · Esc"
    var lines = [
      StyledLine([Span(String(repeating: "─", count: width), .rule)]),
      StyledLine([Span("  \(place), \(Self.percent(token.probability))  ", .accent), Span(keys, .dim)])
        .truncated(
          to: width),
    ]
    let bar = max(4, min(30, width / 4))
    for (index, alternative) in token.alternatives.enumerated() {
      let isSelected = index == inspector.alternative
      let role: StyleRole = isSelected ? .menuSelected : .text
      let filled = Int((alternative.probability * Double(bar)).rounded())
      let name = StyledLine("\(VisibleText.singleLine(alternative.text).debugDescription)", role).truncated(
        to: width / 3)
      var line = StyledLine([Span(isSelected ? "▸ " : "  ", role)])
      let percent = Self.percent(alternative.probability)
      line.append(String(repeating: " ", count: max(0, 7 - percent.count)) + percent + "  ", TextStyle(role))
      line.append(String(repeating: "█", count: filled), TextStyle(isSelected ? .menuSelected : .accent))
      line.append(
        String(repeating: "░", count: bar - filled) + "  ", TextStyle(isSelected ? .menuSelected : .rule))
      line.append(name.text, TextStyle(role))
      lines.append(line.truncated(to: width))
    }
    return lines
  }

  private static func percent(_ probability: Double) -> String {
    probability < 0.001 ? "<0.1 %" : "\(fixed(probability * 100, 1)) %"
  }
}
