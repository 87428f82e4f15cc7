import Checkpoints
import Conversation
import Generation
import Synchronization
import TerminalInterface

// Answering.
extension LocalChatEngine {
  nonisolated func send(_ request: ChatRequest) -> AsyncStream<EngineEvent> {
    let now = moment.add(1, ordering: .relaxed).newValue
    generator.stopReadingAhead()
    // Set before this returns: a stop that comes before the answer has begun must not be lost.
    let flag = CancellationFlag()
    cancellation.withLock { $0 = flag }
    let (stream, continuation) = AsyncStream.makeStream(of: EngineEvent.self)
    let task = Task {
      let answer = await self.answer(request, flag) { continuation.yield($0) }
      continuation.finish()
      guard let answer else { return }
      await self.readHistory(request, answer, now)
      await self.saveInPassing(request, flag)
    }
    continuation.onTermination = { reason in
      guard case .cancelled = reason else { return }
      flag.cancel()
      task.cancel()
    }
    return stream
  }

  nonisolated func cancel() { cancellation.withLock { $0?.cancel() } }

  /// - Returns: the answer, unless it failed.
  private func answer(
    _ request: ChatRequest, _ flag: CancellationFlag, _ emit: @Sendable (EngineEvent) -> Void
  ) async -> Message? {
    guard let current else {
      emit(.failed("No model is loaded; choose one with /model."))
      return nil
    }
    do {
      let (generation, reader) = try generation(request, current)
      var translation = EventTranslation(reader)
      var answer = Message(role: .assistant, content: "")
      var isDone = false
      for await event in generator.generate(current.key, generation, cancellation: flag) {
        if case .done(let statistics) = event {
          isDone = true
          if statistics.promptTokens - statistics.reusedTokens >= 32 {
            noteSpeed(statistics.promptRate, of: current.key)
          }
        }
        for translated in translation.translate(event) {
          emit(translated)
          if case .delta(let channel, let text) = translated {
            if channel == .answer { answer.content += text } else { answer.reasoning += text }
          }
        }
      }
      return isDone ? answer : nil
    } catch {
      emit(.failed("\(error)"))
      return nil
    }
  }

  private func generation(
    _ request: ChatRequest, _ open: Open
  ) throws -> (request: GenerationRequest, reader: ReplyReader) {
    let settings = request.settings
    let messages = request.messages.map(\.json)
    let variables = settings.templateVariables
    var turn = try open.model.turn(messages: .array(messages), variables: variables)
    if open.needsSnapshots {
      turn.prompt.boundaries = (try? open.model.boundaries(of: messages, variables: variables)) ?? []
    }
    let generation = GenerationRequest(
      prompt: turn.prompt,
      sampling: SamplingSettings(
        temperature: Float(settings.temperature), topP: Float(settings.topP), topK: settings.topK,
        minP: Float(settings.minP), repetitionPenalty: Float(settings.repetitionPenalty),
        seed: settings.seed.map { UInt64(bitPattern: Int64($0)) }),
      maxTokens: settings.maxTokens ?? .max, stopStrings: open.model.stopStrings,
      thoughtLimit: turn.thoughtLimit, session: request.session)
    return (generation, turn.reader)
  }
}

extension ChatSettings {
  /// What templates are told.
  var templateVariables: [String: JSON] { effort.map { ["reasoning_effort": .string($0)] } ?? [:] }
}

extension Message {
  /// The message as templates read it.
  var json: JSON {
    var object = JSONObject()
    object["role"] = .string(role.rawValue)
    object["content"] = .string(content)
    if !reasoning.isEmpty { object["reasoning_content"] = .string(reasoning) }
    return .object(object)
  }
}
