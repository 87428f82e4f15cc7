import Compute
import Conversation
import Generation
import Synchronization

// Speculative prefill of the probable next prompt while the engine is idle: the history in its next form after an answer
// (the template may drop its reasoning), the history after a switch of models, and the draft of the next message.
extension LocalChatEngine {
  nonisolated func readAhead(_ request: ChatRequest) {
    let epoch = epoch.add(1, ordering: .relaxed).newValue
    Task {
      guard self.epoch.load(ordering: .relaxed) == epoch else { return }
      let read = await self.prefill(request, epoch)
      // Rendering and encoding a conversation leaves free memory of several times its text.
      if read >= Self.longPrefill { HeapMemory.trim() }
    }
  }

  /// The tokens of a prefill after which free memory is returned: the text of fewer is small beside the program.
  private static let longPrefill = 8192

  nonisolated func prefillTurn(_ request: ChatRequest) {
    let epoch = epoch.add(1, ordering: .relaxed).newValue
    Task {
      guard self.epoch.load(ordering: .relaxed) == epoch else { return }
      // The stable part first: its state remains for an edit of the end of the draft.
      await self.prefill(request, epoch)
      await self.prefillWhole(request, epoch)
    }
  }

  /// Prefills the prompt that `send` would generate from, unless `epoch` is outdated.
  private func prefillWhole(_ request: ChatRequest, _ epoch: Int) async {
    guard let current, self.epoch.load(ordering: .relaxed) == epoch, current.mayFit(request.messages),
      let prompt = try? generation(request, current).request.prompt
    else { return }
    let turn = generator.beginReadingAhead()
    await generator.readAhead(
      current.key, ReadAheadRequest(prompt: prompt, purpose: .turn, session: request.session), in: turn)
  }

  /// - Returns: the number of prefilled tokens.
  @discardableResult
  private func prefill(_ request: ChatRequest, _ epoch: Int) async -> Int {
    var messages = request.messages
    var draft = ""
    if messages.last?.role == .user, let last = messages.popLast() {
      draft = OpenedModel.stablePart(of: last.content)
    }
    return await prefill(messages, draft: draft, request, epoch)
  }

  /// Prefills the conversation with its answer in the form of later prompts, unless `epoch` is outdated.
  func prefillHistory(_ request: ChatRequest, _ answer: Message, _ epoch: Int) async {
    await prefill(request.messages + [answer], draft: "", request, epoch)
  }

  /// Cancels all speculative prefill, so that the generator is available at once for a new action of the user.
  nonisolated func stopReadAhead() {
    epoch.add(1, ordering: .relaxed)
    generator.stopReadingAhead()
  }

  /// The number of latest user messages before which the prefill of a history keeps snapshots.
  private static let latestMessages = 4

  /// - Returns: the number of prefilled tokens.
  @discardableResult
  private func prefill(
    _ messages: [Message], draft: String, _ request: ChatRequest, _ epoch: Int
  ) async -> Int {
    guard let current, current.mayFit(messages) else { return 0 }
    await restore(request.session, current.key)
    let variables = request.settings.templateVariables
    var prefix = try? current.model.stablePrefix(
      messages: messages.map(\.json), draft: draft, variables: variables)
    // Snapshots for the messages that the user is likely to edit.
    prefix?.boundaries = boundaries(of: messages, latest: Self.latestMessages, current, request.settings)
    guard let prompt = prefix, self.epoch.load(ordering: .relaxed) == epoch else { return 0 }
    // The flag is created here, on the actor: a later answer or switch cancels it even before the prefill starts.
    let turn = generator.beginReadingAhead()
    if draft.isEmpty, messages.allSatisfy({ $0.role == .system }) {
      await generator.prepareHead(current.key, prompt, in: turn)
      return 0
    }
    return await generator.readAhead(
      current.key,
      ReadAheadRequest(
        prompt: prompt, purpose: draft.isEmpty ? .history : .draft, session: request.session),
      in: turn)
  }

  /// For each open model, the cached part of a conversation.
  func cachedParts(_ request: ChatRequest?) -> [String: Generator.HeldPart] {
    closeEvictedModels()
    guard let request else { return [:] }
    let messages = request.messages.map(\.json)
    let questions = opened.values.filter { $0.mayFit(request.messages) }.compactMap { entry in
      let prompt = try? entry.model.stablePrefix(
        messages: messages, variables: request.settings.templateVariables)
      return prompt.map {
        Generator.ReuseQuestion(key: entry.key, prompt: $0, tokenizer: entry.model.tokenizer)
      }
    }
    var result: [String: Generator.HeldPart] = [:]
    for (question, part) in zip(questions, generator.heldParts(questions)) {
      result[question.key] = part
    }
    return result
  }
}
