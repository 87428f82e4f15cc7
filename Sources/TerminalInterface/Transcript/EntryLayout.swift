import Conversation

/// The laid out rows of one entry, reused from frame to frame.
package struct EntryLayout {
  private var head: [StyledLine] = []
  private var reasoning = StreamedText(role: .reasoning)
  private var answer = StreamedText(role: .text)
  private var tail: [StyledLine] = []
  private var width = 0
  private var key: Key?
  /// Whether the rows of the reasoning are shown.
  private var showsReasoning = false

  // The inputs of an entry without streamed text.
  private struct Key: Equatable {
    var width: Int
    var text: String
    var role: StyleRole
    var siblings: String?
    var folds = false
    var options: RenderOptions
  }

  package var count: Int { head.count + (showsReasoning ? reasoning.count : 0) + answer.count + tail.count }

  package subscript(place: Int) -> StyledLine {
    var place = place
    if place < head.count { return head[place] }
    place -= head.count
    if showsReasoning {
      if place < reasoning.count { return reasoning[place] }
      place -= reasoning.count
    }
    if place < answer.count { return answer[place] }
    return tail[place - answer.count]
  }

  /// The rows of a code block, from its head on, by its number from 1; all but the empty first row for nil.
  package func rows(ofCode number: Int?) -> Range<Int> {
    guard let number else { return min(1, count)..<count }
    let start = (0..<count).first { row in
      self[row].fill == .codeLabel && self[row].text.hasSuffix(" /copy \(number)")
    }
    guard let start else { return min(1, count)..<count }
    var end = start + 1
    while end < count, self[end].fill == .code { end += 1 }
    return start..<end
  }

  /// The rows of a user's message that are shown when it is folded.
  package static let foldedRows = 8

  /// Lays out a user's message. `siblings` is its place among the versions of the message, such as "2/3"; a long
  /// message is folded if `folds` is set.
  package mutating func update(
    user text: String, width: Int, siblings: String? = nil, folds: Bool = false,
    options: RenderOptions = RenderOptions()
  ) {
    let key = Key(
      width: width, text: text, role: .user, siblings: siblings, folds: folds, options: options)
    update(key) {
      let lead = [Span("› ", .userMark)]
      let wrapper = LineWrapper(width: min(width, options.proseWidth), hanging: [Span("  ", .user)])
      var spans = [Span(options.visible(text), .user)]
      if let siblings { spans.append(Span("  \(siblings)", .dim)) }
      var rows = wrapper.wrap(spans, first: lead)
      if folds, rows.count > Self.foldedRows + 3 {
        let hidden = rows.count - Self.foldedRows
        rows.removeSubrange(Self.foldedRows...)
        let key = Keymap.name(of: .toggleReasoning)
        rows.append(StyledLine("  … \(hidden) more lines; \(key) shows them", .dim).truncated(to: width))
      }
      return rows
    }
  }

  /// Lays out a notice.
  package mutating func update(
    notice text: String, role: StyleRole, width: Int, options: RenderOptions = RenderOptions()
  ) {
    update(Key(width: width, text: text, role: role, options: options)) {
      LineWrapper(width: min(width, options.proseWidth)).wrap(options.visible(text), role)
    }
  }

  private mutating func update(_ key: Key, _ lines: () -> [StyledLine]) {
    guard key != self.key else { return }
    self = EntryLayout()
    self.key = key
    head = [StyledLine()] + lines()
  }

  /// Lays out an answer. `label` is the name of the model if it is to be shown.
  package mutating func update(
    answer message: Message, width: Int, reasoning display: ReasoningDisplay, label: String?,
    siblings: String? = nil, isStreaming: Bool, options: RenderOptions = RenderOptions()
  ) {
    if key != nil { self = EntryLayout() }
    head = [StyledLine()]
    if label != nil || siblings != nil {
      let words = [label.map(VisibleText.singleLine), siblings].compactMap { $0 }.joined(separator: " · ")
      head.append(StyledLine([Span("◆ \(words)", .assistantMark)]).truncated(to: width))
    }
    showsReasoning = false
    if !message.reasoning.isEmpty {
      let isThinking = isStreaming && message.content.isEmpty
      showsReasoning = display == .show || display == .fold && isThinking
      head.append(
        Self.reasoningLine(message, isThinking: isThinking, isOpen: showsReasoning).truncated(to: width))
      if showsReasoning {
        reasoning.update(message.reasoning, width: width, isFinal: !isThinking, options: options)
      }
      if showsReasoning && !message.content.isEmpty { head.append(StyledLine()) }
    }
    answer.update(message.content, width: width, isFinal: !isStreaming, options: options)
    tail = []
    if !isStreaming, let note = Self.ending(message) { tail = LineWrapper(width: width).wrap(note, .notice) }
  }

  private static func reasoningLine(_ message: Message, isThinking: Bool, isOpen: Bool) -> StyledLine {
    if isThinking { return StyledLine(isOpen ? "▾ Thinking" : "▸ Thinking …", .reasoning) }
    let time = message.reasoningTime.map { $0 < 0.1 ? "" : " for \(duration($0))" } ?? ""
    return StyledLine("\(isOpen ? "▾" : "▸") Thought\(time)", .reasoning)
  }

  private static func ending(_ message: Message) -> String? {
    switch message.finish {
    case .cancelled: "(stopped; /continue goes on from here)"
    case .length:
      message.statistics.map { "(max_tokens = \($0.generatedTokens) reached; /continue goes on)" }
        ?? "(max_tokens reached; /continue goes on)"
    case .contextFull: "(context full; /compact makes room)"
    case .failed: "(the answer is not complete; /continue goes on from here)"
    case .stop: message.content.isEmpty ? "(an empty answer)" : nil
    case nil: nil
    }
  }
}
