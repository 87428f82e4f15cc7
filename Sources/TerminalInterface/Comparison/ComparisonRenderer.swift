import Conversation

/// Renders answers side by side, or one at a time with tabs if the columns would be too narrow. It caches the rows of
/// the answers; everything else depends on its arguments only.
package final class ComparisonRenderer {
  /// The least width of a column.
  static let leastWidth = 28
  private static let separator = " │ "

  private var layouts: [MessageTree.ID: EntryLayout] = [:]
  /// The most rows by which the marked answer of the last frame can be scrolled up.
  package private(set) var scrollLimit = 0

  package init() {}

  /// What the terminal can draw.
  package var options = RenderOptions()

  /// The width of each column; nil if there is no room for columns.
  package static func columnWidth(_ width: Int, count: Int) -> Int? {
    let column = (width - separator.count * (count - 1)) / max(count, 1)
    return column >= leastWidth ? column : nil
  }

  /// The rows of a frame: the message, the names of the answers, and their text.
  package func rows(
    _ comparison: Comparison, _ conversation: MessageTree, reasoning: ReasoningDisplay, size: ScreenSize
  ) -> [StyledLine] {
    let answers = comparison.answers
    if layouts.keys.contains(where: { id in !answers.contains { $0.id == id } }) { layouts = [:] }
    let question = conversation.last(.user).flatMap { conversation[$0] }?.content ?? ""
    let text = VisibleText.singleLine(String(question.prefix(500)))
    var rows = [StyledLine([Span("› ", .userMark), Span(text, .user)]).truncated(to: size.columns)]
    let height = max(0, size.rows - 2)
    let width = Self.columnWidth(size.columns, count: answers.count)
    guard let width else {
      rows.append(tabs(comparison, conversation, size.columns))
      return rows + body(comparison.selected, comparison, conversation, reasoning, size.columns, height)
    }
    let titles = answers.indices.map { title($0, comparison, conversation, width: width) }
    rows.append(Self.joined(titles, width))
    let columns = answers.indices.map { body($0, comparison, conversation, reasoning, width, height) }
    for row in 0..<height where columns.contains(where: { row < $0.count }) {
      rows.append(Self.joined(columns.map { row < $0.count ? $0[row] : StyledLine() }, width))
    }
    return rows
  }

  /// Cells of a row, each but the last padded to a width.
  private static func joined(_ cells: [StyledLine], _ width: Int) -> StyledLine {
    var line = StyledLine()
    for (index, cell) in cells.enumerated() {
      if index > 0 { line.append(separator, TextStyle(.rule)) }
      for span in cell.spans { line.append(span.text, span.style) }
      if index < cells.count - 1 {
        line.append(String(repeating: " ", count: max(0, width - cell.columns)), TextStyle(.text))
      }
    }
    return line
  }

  /// The answers as tabs: the marked one with its state, the others with their names if there is room.
  private func tabs(_ comparison: Comparison, _ conversation: MessageTree, _ columns: Int) -> StyledLine {
    let answers = comparison.answers, selected = comparison.selected
    func line(hasNames: Bool, width: Int?) -> StyledLine {
      let cells = answers.indices.map { place in
        if place == selected { return title(place, comparison, conversation, width: width) }
        let name = hasNames ? " \(VisibleText.singleLine(answers[place].model))" : ""
        return StyledLine("\(place + 1)\(name)", .dim)
      }
      return Self.joined(cells, 0)
    }
    let whole = line(hasNames: true, width: nil)
    if whole.columns <= columns { return whole }
    let room = columns - line(hasNames: false, width: 0).columns
    return line(hasNames: false, width: max(0, room)).truncated(to: columns)
  }

  /// The least width of a name beside the state of its answer.
  private static let leastName = 10

  /// The name and the state of an answer. Where there is little room, the speed is omitted and the name is truncated, and
  /// where there is almost none, the state is omitted.
  private func title(
    _ place: Int, _ comparison: Comparison, _ conversation: MessageTree, width: Int?
  ) -> StyledLine {
    let answer = comparison.answers[place], isSelected = place == comparison.selected
    let style: StyleRole = isSelected ? .menuSelected : .dim
    let lead = "\(isSelected ? "▸" : " ") \(place + 1) "
    var name = StyledLine(VisibleText.singleLine(answer.model), style)
    let (state, speed) = state(of: answer, conversation[answer.id])
    var words = " · \(state)\(speed)"
    if let width {
      func room() -> Int { width - CharacterWidth.columns(of: lead + words) }
      if room() < min(name.columns, Self.leastName) { words = " · \(state)" }
      if room() < min(name.columns, 3) { words = "" }
      name = name.truncated(to: max(0, room()))
    }
    let line = StyledLine(lead + name.text + words, style)
    return width.map { line.truncated(to: $0) } ?? line
  }

  private func state(of answer: Comparison.Answer, _ message: Message?) -> (state: String, speed: String) {
    let statistics = answer.turn?.statistics ?? message?.statistics
    let speed = statistics?.tokensPerSecond.map { " · \(fixed($0, 1)) tokens/s" } ?? ""
    switch answer.turn?.phase {
    case .loading, .waiting: return ("waiting", "")
    case .prefill(let done, let total, _):
      return ("prefill \(total > 0 ? min(done, total) * 100 / total : 0)%", "")
    case .thinking: return ("thinking", speed)
    case .writing: return ("writing", speed)
    case nil:
      switch message?.finish {
      case .cancelled: return ("stopped", "")
      case .failed: return ("failed", "")
      default: return ("done", speed)
      }
    }
  }

  private func body(
    _ place: Int, _ comparison: Comparison, _ conversation: MessageTree, _ reasoning: ReasoningDisplay,
    _ width: Int, _ height: Int
  ) -> [StyledLine] {
    let answer = comparison.answers[place]
    guard let message = conversation[answer.id] else { return [] }
    // Removed from the dictionary while it is changed, so that its rows are not copied.
    var layout = layouts.removeValue(forKey: answer.id) ?? EntryLayout()
    layout.update(
      answer: message, width: width, reasoning: reasoning, label: nil,
      isStreaming: answer.turn != nil, options: options)
    let limit = max(0, layout.count - height)
    var first = limit
    if place == comparison.selected {
      scrollLimit = limit
      first -= min(comparison.scroll, limit)
    }
    let rows = (first..<min(layout.count, first + height)).map { layout[$0].truncated(to: width) }
    layouts[answer.id] = layout
    return rows
  }
}
