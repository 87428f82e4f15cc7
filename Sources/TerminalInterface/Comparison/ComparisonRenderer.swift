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
    let titles = answers.indices.map { title($0, comparison, conversation, width: width) }
    let separator = Span(Self.separator, .rule)
    func joined(_ cells: [StyledLine], _ width: Int) -> StyledLine {
      var line = StyledLine()
      for (index, cell) in cells.enumerated() {
        if index > 0 { line.append(separator.text, separator.style) }
        for span in cell.spans { line.append(span.text, span.style) }
        if index < cells.count - 1 {
          line.append(String(repeating: " ", count: max(0, width - cell.columns)), TextStyle(.text))
        }
      }
      return line
    }
    guard let width else {
      rows.append(joined(titles, 0).truncated(to: size.columns))
      return rows + body(comparison.selected, comparison, conversation, reasoning, size.columns, height)
    }
    rows.append(joined(titles, width))
    let columns = answers.indices.map { body($0, comparison, conversation, reasoning, width, height) }
    for row in 0..<height where columns.contains(where: { row < $0.count }) {
      rows.append(joined(columns.map { row < $0.count ? $0[row] : StyledLine() }, width))
    }
    return rows
  }

  /// The name and the state of an answer.
  private func title(
    _ place: Int, _ comparison: Comparison, _ conversation: MessageTree, width: Int?
  ) -> StyledLine {
    let answer = comparison.answers[place], isSelected = place == comparison.selected
    var words = "\(isSelected ? "▸" : " ") \(place + 1) \(VisibleText.singleLine(answer.model))"
    if width != nil { words += " · \(state(of: answer, conversation[answer.id]))" }
    return StyledLine([Span(words, isSelected ? .menuSelected : .dim)]).truncated(to: width ?? .max)
  }

  private func state(of answer: Comparison.Answer, _ message: Message?) -> String {
    let statistics = answer.turn?.statistics ?? message?.statistics
    let speed = statistics?.tokensPerSecond.map { " · \(fixed($0, 1)) tokens/s" } ?? ""
    switch answer.turn?.phase {
    case .loading, .waiting: return "waiting"
    case .prefill(let done, let total, _): return "prefill \(total > 0 ? min(done, total) * 100 / total : 0)%"
    case .thinking: return "thinking" + speed
    case .writing: return "writing" + speed
    case nil:
      return message?.finish == .cancelled
        ? "stopped" : message?.finish == .failed ? "failed" : "done" + speed
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
