import Conversation

/// Selecting a message or a code block by keys, to copy it, to save it to a file, or to pass it to a command.
extension ChatState {
  /// What is selected.
  package struct Selection: Sendable, Equatable {
    package var message: MessageTree.ID
    /// The number of a code block in the message, from 1; nil for the whole message.
    package var code: Int?

    package init(message: MessageTree.ID, code: Int? = nil) {
      self.message = message
      self.code = code
    }
  }

  /// What can be selected in a message: the whole, then its code blocks. Nothing in an empty one.
  private func selectable(in id: MessageTree.ID) -> [Selection] {
    guard let message = conversation[id], !message.content.isEmpty else { return [] }
    let blocks = message.role == .assistant ? CodeBlocks.of(message.content).count : 0
    return [Selection(message: id)] + (0..<blocks).map { Selection(message: id, code: $0 + 1) }
  }

  /// The text of a selection.
  package func text(of selection: Selection) -> String? {
    guard let content = conversation[selection.message]?.content else { return nil }
    guard let code = selection.code else { return content }
    let blocks = CodeBlocks.of(content)
    return blocks.indices.contains(code - 1) ? blocks[code - 1] : nil
  }

  /// Starts to select, from the end.
  package mutating func startSelecting() {
    guard hasComposer else { return show("/select needs the full-screen mode") }
    // The last code block of the last answer, or the answer.
    let all = Array(conversation.path.reversed()).lazy.map { [self] in selectable(in: $0) }
    guard let last = all.first(where: { !$0.isEmpty })?.last else {
      return show("There is no message to select yet")
    }
    selection = last
    showsSelection = true
    describeSelection()
  }

  private mutating func describeSelection() {
    guard let selection else { return }
    let what = selection.code.map { "Code block \($0)" } ?? "Message"
    let hasStatistics = selection.code == nil && conversation[selection.message]?.role == .assistant
    show(
      "\(what) · Up Down select · Enter copies · s saves · | pipes\(hasStatistics ? " · t stats" : "") · Esc",
      for: 3600)
  }

  // Only the messages up to the next one are parsed. At the first and the last the selection stays.
  private mutating func moveSelection(by step: Int) {
    guard let current = selection else { return }
    let path = conversation.path
    guard let place = path.lastIndex(of: current.message) else { return }
    let here = selectable(in: current.message)
    if let index = here.firstIndex(of: current), here.indices.contains(index + step) {
      selection = here[index + step]
    } else {
      let others = step < 0 ? Array(path[..<place].reversed()) : Array(path[(place + 1)...])
      let next = others.lazy.map { [self] in selectable(in: $0) }.first { !$0.isEmpty }
      selection = (step < 0 ? next?.last : next?.first) ?? current
    }
    showsSelection = true
    describeSelection()
  }

  /// Ends the selection.
  package mutating func stopSelecting() {
    selection = nil
    clearFlash()
  }

  /// Performs an action on the selection; nil for one that ends it.
  package mutating func performInSelection(_ action: Action) -> [ChatEffect]? {
    switch action {
    case .up: moveSelection(by: -1)
    case .down: moveSelection(by: 1)
    case .send: return useSelection("y")
    case .interrupt: stopSelecting()
    case .pageUp, .pageDown, .top, .bottom, .lineUp, .lineDown, .redraw, .suspend: return nil
    default:
      stopSelecting()
      return nil
    }
    return []
  }

  /// Handles typed characters, of which several may arrive at once. Those after the end of the selection are typed.
  mutating func typeInSelection(_ text: String) -> [ChatEffect] {
    var rest = text[...]
    var effects: [ChatEffect] = []
    while selection != nil, let first = rest.first, let performed = useSelection(String(first)) {
      effects += performed
      rest = rest.dropFirst()
    }
    if rest.isEmpty { return effects }
    if selection != nil { stopSelecting() }
    return effects + type(String(rest))
  }

  /// Handles a typed character; nil for one that has no meaning here.
  package mutating func useSelection(_ text: String) -> [ChatEffect]? {
    guard let selection, let content = self.text(of: selection) else { return nil }
    switch text {
    case "k": moveSelection(by: -1)
    case "j": moveSelection(by: 1)
    case "y", "c":
      stopSelecting()
      show(
        selection.code == nil ? "The message was sent to the clipboard" : "The code was sent to the clipboard"
      )
      return [.copy(content)]
    case "s":
      stopSelecting()
      return [.save(path: selection.code == nil ? "sotto-message.md" : "sotto-code.txt", text: content)]
    case "t" where conversation[selection.message]?.role == .assistant:
      stopSelecting()
      showStatistics(of: selection.message)
    case "|":
      stopSelecting()
      piped = content
      draft.set("/pipe ")
      show("Write a shell command, such as wc -w; Enter passes the selection to it")
    default: return nil
    }
    return []
  }

  /// Passes the selected text, or the last answer, to a command of the shell.
  package mutating func pipe(_ command: String) -> [ChatEffect] {
    let answer = conversation.last(.assistant).flatMap { conversation[$0]?.content }
    guard let text = piped ?? answer, !text.isEmpty else {
      show("There is no answer to pass on yet")
      return []
    }
    guard !command.isEmpty else {
      show("/pipe COMMAND passes the last answer to a command, such as /pipe wc -w")
      return []
    }
    piped = nil
    let message = "\(VisibleText.singleLine(command)) is running"
    pipeMessage = message
    show(message, for: Self.untilReplaced)
    return [.pipe(command, text: text)]
  }

  /// Shows the output of the command. The message that it is running disappears.
  package mutating func endPipe(_ text: String, isError: Bool) {
    if flash?.text == pipeMessage { clearFlash() }
    pipeMessage = nil
    transcript.addNotice(text, isError ? .error : .notice)
  }
}
