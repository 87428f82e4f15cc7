import Conversation
import Generation
import Synchronization

// Reading what will be asked for, while nobody waits: the conversation as the next prompt will have it, behind
// an answer whose thoughts the template drops, after a switch to another model, or as far as the draft stands.
extension LocalChatEngine {
  nonisolated func readAhead(_ request: ChatRequest) {
    let now = moment.add(1, ordering: .relaxed).newValue
    Task {
      guard moment.load(ordering: .relaxed) == now else { return }
      await self.read(request, now)
    }
  }

  private func read(_ request: ChatRequest, _ now: Int) async {
    var messages = request.messages
    var draft = ""
    if messages.last?.role == .user, let last = messages.popLast() {
      draft = OpenedModel.stablePart(of: last.content)
    }
    await read(messages, draft: draft, request, now)
  }

  /// Reads the conversation with its answer as later prompts will have it, unless the person did anything since
  /// it was sent at `now`.
  func readHistory(_ request: ChatRequest, _ answer: Message, _ now: Int) async {
    await read(request.messages + [answer], draft: "", request, now)
  }

  /// Whatever is read ahead ends, so that the generator is free at once; the person turned to something else.
  nonisolated func giveWay() {
    moment.add(1, ordering: .relaxed)
    generator.stopReadingAhead()
  }

  /// The person's messages, counted from the latest, before which a history that is read keeps its states.
  private static let latestMessages = 4

  private func read(_ messages: [Message], draft: String, _ request: ChatRequest, _ now: Int) async {
    await restoring?.value
    guard let current else { return }
    let variables = request.settings.templateVariables
    var beginning = try? current.model.beginning(
      messages: messages.map(\.json), draft: draft, variables: variables)
    // As many as there are earlier messages that a person comes back to; a cold start reads past all of them.
    beginning?.boundaries = boundaries(of: messages, latest: Self.latestMessages, current, request.settings)
    guard let prompt = beginning, moment.load(ordering: .relaxed) == now else { return }
    // Begun here, on the actor: an answer or a switch that comes later ends it, however late it gets to run.
    let turn = generator.beginReadingAhead()
    if draft.isEmpty, messages.allSatisfy({ $0.role == .system }) {
      await generator.prepareHead(current.key, prompt, in: turn)
      return
    }
    await generator.readAhead(
      current.key,
      ReadAheadRequest(
        prompt: prompt, purpose: draft.isEmpty ? .history : .draft, session: request.session),
      in: turn)
  }

  /// For each model whose files are open, what it holds of a conversation.
  func warmth(_ request: ChatRequest?) -> [String: Generator.HeldPart] {
    letGo()
    guard let request else { return [:] }
    let messages = request.messages.map(\.json)
    let questions = opened.values.compactMap { open in
      let prompt = try? open.model.beginning(
        messages: messages, variables: request.settings.templateVariables)
      return prompt.map {
        Generator.ReuseQuestion(key: open.key, prompt: $0, tokenizer: open.model.tokenizer)
      }
    }
    var result: [String: Generator.HeldPart] = [:]
    for (question, part) in zip(questions, generator.heldParts(questions)) {
      result[question.key] = part
    }
    return result
  }
}
