import Conversation

/// Several answers to one message.
extension ChatState {
  /// `/best N [MESSAGE]`: N answers to a message, or to the last one.
  package mutating func best(_ argument: String) -> [ChatEffect] {
    let words = argument.split(maxSplits: 1, whereSeparator: \.isWhitespace)
    guard let count = words.isEmpty ? 3 : Int(words[0]), Comparison.counts.contains(count) else {
      show("/best N generates N answers side by side, from 2 to 8; a message may follow the number")
      return []
    }
    guard canCompare(), let model else { return [] }
    guard settings.temperature > 0 else {
      show("At temperature 0 all answers are equal; /set temperature 0.7 makes them differ")
      return []
    }
    var origin = TurnOrigin(conversation: conversation)
    if words.count == 2 {
      let text = String(words[1])
      origin.sent = (Draft(text), text)
      conversation.append(Message(role: .user, content: text))
    } else if !conversation.rewindAnswer() {
      show("There is no message to answer yet; /best \(count) MESSAGE sends one")
      return []
    }
    var request = request
    request.isAlternative = true
    var effects: [ChatEffect] = []
    let answers = (0..<count).map { index in
      let answer = addAnswer(by: model.name, model, origin)
      // With a seed, each answer has its own.
      request.settings.seed = settings.seed.map { $0 &+ index }
      if let turn = answer.turn { effects.append(.send(turn: turn.id, request)) }
      return answer
    }
    show(Comparison(answers: answers, origin: origin))
    return effects
  }

  /// `/ask MODEL [MESSAGE]`: another model's answer beside that of the current model, to a new message, to that of the
  /// running answer, or to the last one. Answers that are not there yet are generated at the same time.
  package mutating func ask(_ argument: String) -> [ChatEffect] {
    guard !argument.isEmpty else {
      draft.set("/ask ")
      return []
    }
    guard canCompare(), let model else { return [] }
    let (name, text) = namedModel(argument)
    guard turn == nil || text.isEmpty else {
      show("Press Esc to stop the answer first; /ask MODEL without a message puts it to the model too")
      return []
    }
    guard text.isEmpty || name != model.name else {
      show("\(name) is the current model; /best 2 generates two of its answers")
      return []
    }
    var origin = TurnOrigin(conversation: conversation)
    let first: Comparison.Answer
    var effects: [ChatEffect] = []
    if !text.isEmpty {
      origin.sent = (Draft(text), text)
      conversation.append(Message(role: .user, content: text))
      first = addAnswer(by: model.name, model, origin)
      if let turn = first.turn { effects.append(.send(turn: turn.id, alternative(by: nil))) }
    } else if let turn {
      guard !turn.isStopping, turn.phase != .loading, summary == nil else {
        show("Press Esc to stop the answer first")
        return []
      }
      (first, origin) = (
        Comparison.Answer(id: turn.answer, model: turn.model?.name ?? "", turn: turn), turn.origin
      )
      conversation.rewind(before: turn.answer)
    } else {
      guard let last = conversation.head, let earlier = conversation[last], earlier.role == .assistant,
        !earlier.content.isEmpty
      else {
        show("There is no answer to compare with yet; /ask \(name) MESSAGE sends a message to both models")
        return []
      }
      first = Comparison.Answer(id: last, model: earlier.model ?? "", isEarlier: true)
      conversation.rewind(before: last)
    }
    let listed = models.first { $0.name == name }
    let info = ModelInfo(name: name, quantisation: listed?.quantisation ?? "", contextLength: 0)
    let second = addAnswer(by: name, info, origin)
    if let turn = second.turn { effects.append(.send(turn: turn.id, alternative(by: name))) }
    show(Comparison(answers: [first, second], selected: first.isEarlier ? 1 : 0, origin: origin))
    return effects
  }

  /// The conversation as a request for one of several answers.
  /// - Parameter name: the model; nil for the current one.
  private func alternative(by name: String?) -> ChatRequest {
    var request = request
    (request.isAlternative, request.model) = (true, name)
    return request
  }

  /// The model that an argument starts with, and the message after it. A unique prefix of a name is enough; anything else
  /// is passed to the engine, which also accepts paths.
  private func namedModel(_ argument: String) -> (name: String, message: String) {
    let whole = argument.lowercased()
    // The longest name first: names may have spaces, and one may start with another.
    for name in models.map(\.name).sorted(by: { $0.count > $1.count })
    where whole.hasPrefix(name.lowercased()) {
      let rest = argument.dropFirst(name.count)
      if rest.first?.isWhitespace ?? true { return (name, String(rest.drop(while: \.isWhitespace))) }
    }
    let words = argument.split(maxSplits: 1, whereSeparator: \.isWhitespace)
    let first = words.first.map(String.init) ?? ""
    let matches = models.filter { $0.name.lowercased().hasPrefix(first.lowercased()) }
    return (matches.count == 1 ? matches[0].name : first, words.count == 2 ? String(words[1]) : "")
  }

  private mutating func canCompare() -> Bool {
    if !hasComposer {
      show("Answers are compared in the full-screen mode only")
    } else if session.isBusy {
      show("A conversation is loading; try again when it is open")
    } else if model == nil || loading != nil {
      show(loading.map { "\($0) is loading; try again when it is loaded" } ?? "No model is loaded")
    } else {
      return true
    }
    return false
  }

  /// Adds an empty answer after the head, which stays.
  private mutating func addAnswer(
    by name: String, _ model: ModelInfo?, _ origin: TurnOrigin
  ) -> Comparison.Answer {
    let id = conversation.append(Message(role: .assistant, content: "", model: name))
    conversation.rewind(before: id)
    return Comparison.Answer(
      id: id, model: name,
      turn: TurnProgress(
        id: nextTurn(), answer: id, model: model, phase: .waiting, started: now, origin: origin))
  }

  private mutating func show(_ comparison: Comparison) {
    self.comparison = comparison
    conversation.select(comparison.answers[0].id)
    transcript.showPath(conversation.path)
    (scroll, editing) = (.live, nil)
    showTurn()
  }

  /// Shows the turn of the marked answer in the status line.
  private mutating func showTurn() {
    guard let comparison else { return }
    turn = comparison.shownTurn
    let answer = comparison.answers[comparison.selected]
    // The status line names the current model when no answer is generated.
    let isCurrent = answer.model == model?.name
    statistics = turn?.statistics ?? (isCurrent ? conversation[answer.id]?.statistics : nil)
  }

  /// Handles an event of one of the turns; events of other turns are dropped.
  package mutating func compare(_ event: EngineEvent, turn id: Int) {
    guard let place = comparison?.place(ofTurn: id) else { return }
    turn = comparison?.answers[place].turn
    apply(event, turn: id)
    comparison?.answers[place].turn = turn
    showTurn()
    guard let comparison else { return }
    let isEmpty = comparison.answers.allSatisfy { answer in
      guard !answer.isEarlier, let message = conversation[answer.id] else { return true }
      return message.content.isEmpty && message.reasoning.isEmpty && message.finish != .stop
    }
    guard isEmpty, !comparison.isRunning else {
      // The transcript, which has the message too, is hidden.
      if case .failed(let message) = event { show(message) }
      return
    }
    self.comparison = nil
    withdraw(comparison.origin)
  }

  /// Handles input while answers are compared; nil if it has its usual meaning.
  package mutating func choose(_ input: TerminalInput) -> [ChatEffect]? {
    guard let comparison else { return nil }
    switch ComparisonDecision.decide(input, comparison) {
    case .select(let place):
      self.comparison?.select(place)
      showTurn()
    case .scroll(let rows): self.comparison?.scroll = max(0, comparison.scroll + rows)
    case .pick(let place): return pick(place)
    case .stop: return [.cancel]
    case .pass: return nil
    case .nothing: show("Enter keeps the marked answer; arrow keys mark another one")
    }
    return []
  }

  /// Continues the conversation with an answer. The others stay as its siblings; those that run are stopped.
  package mutating func pick(_ place: Int) -> [ChatEffect] {
    guard let comparison, comparison.answers.indices.contains(place) else { return [] }
    var effects: [ChatEffect] = []
    for (index, answer) in comparison.answers.enumerated() where index != place {
      guard let running = answer.turn else { continue }
      effects.append(.cancelTurn(running.id))
      conversation.update(answer.id) { $0.finish = .cancelled }
    }
    let picked = comparison.answers[place]
    self.comparison = nil
    turn = picked.turn
    conversation.select(picked.id)
    transcript.showPath(conversation.path)
    scroll = .live
    statistics = turn?.statistics ?? (picked.model == model?.name ? conversation[picked.id]?.statistics : nil)
    show("Answer \(place + 1) of \(comparison.answers.count); /branch shows the others")
    return effects
  }
}
