import Conversation

/// `/stats`: the speed, the token counts and the cache use of an answer.
extension ChatState {
  /// Shows the statistics of the last answer, or of the Nth one counted from the end.
  package mutating func showStatistics(_ argument: String) {
    let answers = conversation.path.filter { conversation[$0]?.role == .assistant }
    guard !answers.isEmpty else { return showNotice("There is no answer yet.") }
    guard !argument.isEmpty else { return showStatistics(of: answers[answers.count - 1]) }
    guard let number = Int(argument), (1...answers.count).contains(number) else {
      show(
        answers.count == 1
          ? "There is one answer: /stats shows its statistics"
          : "/stats takes the number of an answer, counted from the last one: 1 to \(answers.count)")
      return
    }
    showStatistics(of: answers[answers.count - number])
  }

  /// Shows the statistics of an answer.
  package mutating func showStatistics(of id: MessageTree.ID) {
    guard let answer = conversation[id] else { return }
    let isLast = id == conversation.last(.assistant)
    // While the last answer is written, its numbers change.
    guard let statistics = isLast ? statistics ?? answer.statistics : answer.statistics else {
      showNotice("This answer has no statistics: it was interrupted, or it was imported.")
      return
    }
    var lines: [String] = []
    if !isLast {
      let opening = SessionTitle.of(answer.content)
      lines.append("answer “\(VisibleText.singleLine(opening))”" + (answer.model.map { " of \($0)" } ?? ""))
    }
    showNotice((lines + text(of: statistics, of: answer)).joined(separator: "\n"))
  }

  private func text(of statistics: TurnStatistics, of answer: Message) -> [String] {
    var lines = [
      "prompt: \(grouped(statistics.promptTokens)) tokens, \(grouped(statistics.reusedTokens)) from the cache"
    ]
    if let reason = statistics.missReason { lines.append("cache: \(reason)") }
    if let speed = statistics.promptTokensPerSecond { lines.append("prefill: \(fixed(speed, 1)) tokens/s") }
    if let time = statistics.timeToFirstToken { lines.append("time to first token: \(duration(time))") }
    let count = statistics.generatedTokens
    lines.append("answer: \(count == 1 ? "1 token" : "\(grouped(count)) tokens")")
    if let speed = statistics.tokensPerSecond { lines.append("generation: \(fixed(speed, 1)) tokens/s") }
    if let drafted = statistics.draftedTokens {
      lines.append("speculation: \(statistics.acceptedTokens ?? 0) of \(drafted) proposed tokens accepted")
    }
    if let speeds = statistics.speeds, let least = speeds.min(), let most = speeds.max() {
      lines.append(
        "over the answer: \(SpeedText.graph(speeds))  \(fixed(least, 1)) to \(fixed(most, 1)) tokens/s")
    }
    if let model, model.name == answer.model {
      if model.contextLength > 0 {
        lines.append("context: \(grouped(statistics.contextUsed)) of \(grouped(model.contextLength)) tokens")
      }
      lines.append("device: \(model.device.map(VisibleText.singleLine) ?? "processor")")
      for notice in [model.deviceNotice, model.warning].compactMap({ $0 }) {
        lines.append(VisibleText.singleLine(notice))
      }
    }
    return lines
  }
}
