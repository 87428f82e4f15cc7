import Conversation

/// The token inspector: `/inspect`.
extension ChatState {
  /// Opens the inspector on the last answer, and asks the engine for its probabilities.
  package mutating func inspect() -> [ChatEffect] {
    guard hasComposer else {
      show("/inspect needs the full-screen mode")
      return []
    }
    guard let last = conversation.last(.assistant), let answer = conversation[last], !answer.content.isEmpty,
      let index = conversation.path.firstIndex(of: last)
    else {
      show("There is no answer to inspect yet")
      return []
    }
    guard model != nil, loading == nil else {
      show("No model is loaded: choose one with /model")
      return []
    }
    var request = request
    let prompts = request.messages.count - conversation.path.count
    request.messages = Array(request.messages.prefix(prompts + index + 1))
    inspector = Inspector(message: last, text: answer.content)
    if answer.model != model?.name { show("These are the probabilities of \(model?.name ?? "the model")") }
    return [.inspect(request, message: last)]
  }

  /// The probabilities have arrived.
  package mutating func inspected(_ tokens: [InspectedToken], message: MessageTree.ID) {
    guard inspector?.message == message else { return }
    if tokens.isEmpty {
      inspector = nil
      show("The tokens of this answer cannot be recovered from its text, so it cannot be inspected")
    } else {
      inspector?.show(tokens)
    }
  }

  /// The inspection failed.
  package mutating func inspectionFailed(_ text: String) {
    inspector = nil
    show(text)
  }

  /// Performs an action in the inspector; nil for actions that it does not have.
  package mutating func performInInspector(_ action: Action) -> [ChatEffect]? {
    switch action {
    case .left: inspector?.move(by: -1)
    case .right: inspector?.move(by: 1)
    case .lineStart: inspector?.move(by: -Int.max / 2)
    case .lineEnd: inspector?.move(by: Int.max / 2)
    case .up: inspector?.choose(by: -1)
    case .down: inspector?.choose(by: 1)
    case .complete: inspector?.moveToDoubt(forward: true)
    case .completeBack: inspector?.moveToDoubt(forward: false)
    case .send: return forkAtToken()
    case .interrupt: inspector = nil
    default: return nil
    }
    return []
  }

  // Another version of the answer starts with its text up to the token, and the model continues it.
  private mutating func forkAtToken() -> [ChatEffect] {
    guard let inspector, let text = inspector.fork else {
      show("Up and Down select an alternative; Enter continues from it")
      return []
    }
    guard turn == nil, !session.isBusy, let old = conversation[inspector.message] else { return [] }
    self.inspector = nil
    conversation.branch(
      from: inspector.message,
      Message(
        role: .assistant, content: text, reasoning: old.reasoning, reasoningTime: old.reasoningTime,
        model: model?.name, finish: .cancelled))
    transcript.showPath(conversation.path)
    return continueAnswer()
  }
}
