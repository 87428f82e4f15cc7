import Conversation
import Generation
import Synchronization

/// Receives the events of a generation on the thread that computes, and emits them as events of the chat. Costs no
/// switch of threads per token.
final class AnswerReceiver: Sendable {
  private struct State {
    var translation: EventTranslation
    var answer: Message
  }

  private let state: Mutex<State>
  private let emit: @Sendable (EngineEvent) -> Void

  /// - Parameter partial: the incomplete answer that is continued; nil for a new one.
  init(
    _ translation: EventTranslation, continuing partial: Message?,
    _ emit: @escaping @Sendable (EngineEvent) -> Void
  ) {
    state = Mutex(
      State(translation: translation, answer: partial ?? Message(role: .assistant, content: "")))
    self.emit = emit
  }

  /// Emits what an event means to the chat, except for the last event.
  /// - Returns: the last event of the chat, and the answer, unless it failed; nil before the generation has ended.
  func receive(_ event: GenerationEvent) -> (end: EngineEvent, answer: Message?)? {
    state.withLock { state in
      for translated in state.translation.translate(event) {
        if case .delta(let channel, let text) = translated {
          if channel == .answer { state.answer.content += text } else { state.answer.reasoning += text }
        }
        if translated.isEnd {
          let isDone = if case .done = event { true } else { false }
          return (translated, isDone ? state.answer : nil)
        }
        emit(translated)
      }
      return nil
    }
  }
}
