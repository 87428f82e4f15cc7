import Conversation

/// The one line at the bottom. Parts are left out from the least important on where the screen is narrow; nothing is
/// shown that is not known.
struct StatusLine {
  var model: ModelInfo?
  var loading: String?
  var turn: TurnProgress?
  /// The last turn's, or those of the one that is going on.
  var statistics: TurnStatistics?
  /// A short message that stands in for everything else.
  var flash: String?
  var now: Double

  private struct Part {
    var text: String
    var role: StyleRole
    /// The lowest goes last.
    var weight: Int
    var isRight = false
  }

  /// The line for a screen of this width.
  func line(width: Int) -> StyledLine {
    if let flash {
      return StyledLine([Span(" \(VisibleText.singleLine(flash))", .statusBusy)], fill: .status).truncated(to: width)
    }
    var parts = allParts.filter { !$0.text.isEmpty }
    func columns(_ parts: [Part]) -> Int {
      parts.reduce(1) { $0 + CharacterWidth.columns(of: $1.text) + 3 }
    }
    while parts.count > 1, columns(parts) - 2 > width, let least = parts.map(\.weight).min() {
      parts.removeAll { $0.weight == least }
    }
    var line = StyledLine(fill: .status)
    line.append(" ", TextStyle(.status))
    let left = parts.filter { !$0.isRight }
    let right = parts.filter(\.isRight)
    append(left, to: &line)
    if !right.isEmpty {
      var end = StyledLine()
      append(right, to: &end)
      let space = max(left.isEmpty ? 0 : 2, width - line.columns - end.columns - 1)
      line.append(String(repeating: " ", count: space), TextStyle(.status))
      for span in end.spans { line.append(span.text, span.style) }
    }
    return line.truncated(to: width)
  }

  private func append(_ parts: [Part], to line: inout StyledLine) {
    for (index, part) in parts.enumerated() {
      if index > 0 { line.append(" │ ", TextStyle(.statusDim)) }
      line.append(part.text, TextStyle(part.role))
    }
  }

  private var allParts: [Part] {
    let name = loading ?? model?.name
    var title = VisibleText.singleLine(name ?? "no model")
    if loading == nil, let model, !model.quantisation.isEmpty { title += " · \(model.quantisation)" }
    var parts = [Part(text: title, role: .status, weight: 8)]
    let (state, role) = state
    parts.append(Part(text: state, role: role, weight: 9))
    guard let statistics else { return parts }
    if let speed = statistics.tokensPerSecond {
      parts.append(Part(text: "\(fixed(speed, speed < 10 ? 1 : 0)) tok/s", role: .status, weight: 6))
    }
    // Reuse is known only once the prompt was looked at.
    if statistics.promptTokens > 0 {
      var cache = "reused \(grouped(statistics.reusedTokens)) · new \(grouped(statistics.newTokens))"
      if let reason = statistics.missReason { cache += " (\(VisibleText.singleLine(reason)))" }
      parts.append(Part(text: cache, role: .statusGood, weight: 4))
    }
    if let time = statistics.timeToFirstToken {
      parts.append(Part(text: "TTFT \(duration(time))", role: .status, weight: 5))
    }
    if let model, model.contextLength > 0, statistics.contextUsed > 0 {
      let text = "ctx \(tokenCount(statistics.contextUsed))/\(tokenCount(model.contextLength))"
      parts.append(Part(text: text, role: .statusDim, weight: 7, isRight: true))
    }
    return parts
  }

  private var state: (String, StyleRole) {
    if turn?.isStopping == true { return ("stopping", .statusBusy) }
    switch turn?.phase {
    case nil: return loading == nil ? (model == nil ? "" : "idle", .statusDim) : ("loading", .statusBusy)
    case .loading: return ("loading", .statusBusy)
    case .waiting: return ("waiting", .statusBusy)
    case .thinking: return ("thinking", .statusBusy)
    case .writing: return ("writing", .statusBusy)
    case .reading(let done, let total, _):
      let share = total > 0 ? Double(min(done, total)) / Double(total) * 100 : 0
      var text = "reading prompt \(Int(share))%"
      if let seconds = turn?.remaining(now: now), seconds >= 0.5 { text += " · eta \(duration(seconds.rounded(.up)))" }
      return (text, .statusBusy)
    }
  }
}
