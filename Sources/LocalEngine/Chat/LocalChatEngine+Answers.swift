import Basics
import Conversation
import Generation

// Generating answers.
extension LocalChatEngine {
  nonisolated func send(_ request: ChatRequest, _ receive: @escaping @Sendable (EngineEvent) -> Void) {
    let epoch = epoch.add(1, ordering: .relaxed).newValue
    generator.stopReadingAhead()
    // Captured before this function returns: a cancellation before the answer starts must not be lost, and a later
    // switch of models must not affect this answer.
    let current = current
    let controls = AnswerControls(turn: request.turn)
    // Another answer's model must not replace this one before it starts.
    let held = request.model == nil ? current?.key : nil
    if let held { generator.hold(held) }
    self.controls.withLock { $0 = request.isAlternative ? $0 + [controls] : [controls] }
    Task {
      let (end, answer) = await self.answer(request, current, controls, receive)
      if let held { await self.generator.endHold(held) }
      receive(end)
      if request.isAlternative { return self.end(controls) }
      guard let answer else { return }
      var history = request
      if request.continuesAnswer { history.messages.removeLast() }
      await self.prefillHistory(history, answer, epoch)
      await self.saveAfterAnswer(request, controls.cancellation)
    }
  }

  nonisolated func cancel() { controls.withLock { for one in $0 { one.cancellation.cancel() } } }

  nonisolated func cancel(turn: Int) {
    controls.withLock { for one in $0 where one.turn == turn { one.cancellation.cancel() } }
  }

  nonisolated func answerNow() { controls.withLock { for one in $0 { one.answerNow.request() } } }

  private nonisolated func end(_ controls: AnswerControls) {
    self.controls.withLock { $0.removeAll { $0.cancellation === controls.cancellation } }
  }

  /// - Returns: the last event, which was not emitted, and the answer, unless it failed.
  private func answer(
    _ request: ChatRequest, _ current: SelectedModel?, _ controls: AnswerControls,
    _ emit: @escaping @Sendable (EngineEvent) -> Void
  ) async -> (end: EngineEvent, answer: Message?) {
    do {
      let selected = try await model(for: request, current, controls, emit)
      await restore(request.session, selected.key)
      let (generation, reader) = try generation(request, selected)
      let partial = request.continuesAnswer ? request.messages.last : nil
      let receiver = AnswerReceiver(
        EventTranslation(reader, maxTokens: request.settings.maxTokens), continuing: partial, emit)
      let (end, answer) = await withCheckedContinuation { continuation in
        generator.generate(
          selected.key, generation, cancellation: controls.cancellation, answerNow: controls.answerNow
        ) { if let result = receiver.receive($0) { continuation.resume(returning: result) } }
      }
      if case .failed = end, let excess = excess(of: generation.prompt, selected) { return (excess, nil) }
      return (end, answer)
    } catch is CancellationError {
      return (.finished(.cancelled, TurnStatistics()), nil)
    } catch {
      return (.failed("\(error)"), nil)
    }
  }

  /// The model that answers.
  private func model(
    for request: ChatRequest, _ current: SelectedModel?, _ controls: AnswerControls,
    _ emit: @Sendable (EngineEvent) -> Void
  ) async throws -> SelectedModel {
    // The current model may have been unloaded for another one's answer.
    if request.model == nil, let current, generator.use(current.key) { return current }
    guard let name = request.model ?? current?.path else { throw EngineError.noModel }
    return try await open(model: name) { entry in
      let (key, bytes, name) = (entry.key, entry.bytes, entry.name)
      let mayGoOn = await generator.waitForRoom(for: key, bytes: bytes, controls.cancellation) {
        emit(.waiting("\(name) answers after the other model: together they do not fit into memory"))
      }
      if !mayGoOn { throw CancellationError() }
    }.entry
  }

  /// The event for a prompt that does not fit into the context; nil if it fits.
  private func excess(of prompt: Prompt, _ selected: SelectedModel) -> EngineEvent? {
    let (tokens, context) = (prompt.tokenCount(selected.model.tokenizer), selected.info.contextLength)
    return context > 0 && tokens >= context ? .contextExceeded(tokens: tokens, context: context) : nil
  }

  /// What the generator is asked for to answer a conversation, and the parser of its reply.
  func generation(
    _ request: ChatRequest, _ selected: SelectedModel
  ) throws -> (request: GenerationRequest, reader: ReplyReader) {
    let settings = request.settings
    var conversation = request.messages
    let partial = request.continuesAnswer ? conversation.popLast() : nil
    let messages = conversation.map(\.json)
    let variables = settings.templateVariables
    var turn = try selected.model.turn(messages: .array(messages), variables: variables)
    if let partial { turn = selected.model.continuing(turn, with: partial) }
    turn.prompt.boundaries = boundaries(of: conversation, latest: 1, selected, settings)
    var generation = GenerationRequest(
      prompt: turn.prompt,
      sampling: settings.sampling,
      maxTokens: settings.maxTokens ?? .max, stopStrings: selected.model.stopStrings,
      thoughtLimit: turn.thoughtLimit, session: request.session)
    generation.speculation.draft = selected.draft
    return (generation, turn.reader)
  }
}

extension ChatSettings {
  /// The variables for chat templates.
  var templateVariables: [String: JSON] { effort.map { ["reasoning_effort": .string($0)] } ?? [:] }
}

extension Message {
  /// The message in the format of chat templates.
  var json: JSON {
    var object = JSONObject()
    object["role"] = .string(role.rawValue)
    object["content"] = .string(content)
    if !reasoning.isEmpty { object["reasoning_content"] = .string(reasoning) }
    return .object(object)
  }
}
