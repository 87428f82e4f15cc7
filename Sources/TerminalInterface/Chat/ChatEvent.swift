import Conversation

/// Everything that can happen to the chat.
package enum ChatEvent: Sendable {
  case input(TerminalInput)
  /// Something from the engine, for the turn with this number.
  case engine(turn: Int, EngineEvent)
  case models([ModelSummary], current: ModelInfo?, settings: ChatSettings)
  case modelLoaded(ModelInfo, ChatSettings)
  case modelFailed(name: String, message: String)
  /// A message that something else in the program has for the person.
  case note(String, isError: Bool)
  case quit(Int32)
}

/// What the chat asks of the world; `ChatProgram` does it.
package enum ChatEffect: Sendable, Equatable {
  case send(turn: Int, ChatRequest)
  case cancel
  case switchModel(String)
  case refreshModels
  /// To the clipboard, by OSC 52.
  case copy(String)
  case save(path: String, text: String)
  /// Adds to the history file.
  case remember(String)
  case suspend
  case repaint
  case quit(Int32)
}
