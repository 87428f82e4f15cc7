import Conversation

/// Continuing an answer: as it is, or after an edit.
extension ChatState {
  /// Continues the last answer where it ends.
  package mutating func continueAnswer() -> [ChatEffect] {
    guard let last = conversation.head, let answer = conversation[last], answer.role == .assistant,
      !answer.content.isEmpty || !answer.reasoning.isEmpty
    else {
      show("There is no answer to continue; /regen generates one")
      return []
    }
    guard answer.finish != .stop else {
      show("The answer is complete; /edit answer changes it and continues")
      return []
    }
    guard let model, loading == nil, !session.isBusy else {
      show("The model or the conversation is loading; try again when it is loaded")
      return []
    }
    var request = request
    request.continuesAnswer = true
    let before = conversation
    conversation.update(last) { $0.finish = nil }
    scroll = .live
    let id = nextTurn()
    turn = TurnProgress(
      id: id, answer: last, model: model, phase: .waiting, started: now,
      origin: TurnOrigin(conversation: before))
    statistics = nil
    return [.send(turn: id, request)]
  }

  /// Puts the last answer into the composer.
  package mutating func editAnswer() {
    guard let last = conversation.last(.assistant), let text = conversation[last]?.content, !text.isEmpty
    else {
      show("There is no answer to edit yet")
      return
    }
    editing = last
    draft.set(text)
    menuClosedFor = draft.text
    show("Enter continues from the edited answer; Esc cancels the edit")
  }

  /// Whether sending the draft replaces an answer.
  package var editsAnswer: Bool { editing.flatMap { conversation[$0] }?.role == .assistant }

  /// Adds the edited answer as another version, and continues it.
  package mutating func submitEditedAnswer(_ text: String) -> [ChatEffect] {
    guard let editing, let old = conversation[editing], model != nil, loading == nil else {
      show("No model is loaded: choose one with /model")
      return []
    }
    conversation.branch(
      from: editing,
      Message(
        role: .assistant, content: text, reasoning: old.reasoning, reasoningTime: old.reasoningTime,
        model: model?.name, finish: .cancelled))
    self.editing = nil
    draft.clear()
    transcript.showPath(conversation.path)
    return continueAnswer()
  }
}
