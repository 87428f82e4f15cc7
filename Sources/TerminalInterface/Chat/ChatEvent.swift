import Conversation

/// Everything that can happen to the chat.
package enum ChatEvent: Sendable {
  case input(TerminalInput)
  /// Something from the engine, for the turn with this number.
  case engine(turn: Int, EngineEvent)
  case models([ModelSummary], current: ModelInfo?, settings: ChatSettings)
  case modelLoaded(ModelInfo, ChatSettings)
  /// What the prompt caches hold.
  case caches(CacheReport)
  /// The caches were given back: bytes, nil when the engine keeps none.
  case cachesCleared(Int?)
  /// The sessions that are kept, at a time in seconds since 1970.
  case sessions([SessionSummary], at: Double)
  /// The session that was asked for, to be shown.
  case sessionOpened(Session)
  /// The engine is ready for the session with this identifier.
  case sessionReady(String)
  /// A session that was looked for to be deleted.
  case sessionFound(SessionSummary)
  case sessionDeleted(String)
  /// Something that was asked of the store went wrong.
  case sessionFailed(String)
  case sessionSaved(String, SessionStore.Outcome)
  case modelFailed(name: String, message: String)
  /// A message that something else in the program has for the person.
  case note(String, isError: Bool)
  case quit(Int32)
}

/// What the chat asks of the world; `ChatProgram` does it.
package enum ChatEffect: Sendable, Equatable {
  case send(turn: Int, ChatRequest)
  case cancel
  case answerNow
  case switchModel(String)
  /// Asks for the models anew, with what they have warm of a conversation.
  case refreshModels(for: ChatRequest)
  case readAhead(ChatRequest)
  case reportCaches(session: String)
  case clearCaches
  case listSessions
  /// Loads the session that is meant by its identifier, the beginning of it or its title, in place of another.
  case openSession(String, leaving: String)
  /// Finds the session that is meant, to be deleted.
  case findSession(String)
  case deleteSession(String)
  case saveSession(Session)
  /// The conversation is another session's from now on.
  case turnTo(session: String, leaving: String?)
  /// To the clipboard, by OSC 52.
  case copy(String)
  case save(path: String, text: String)
  /// Adds to the history file.
  case remember(String)
  case suspend
  case repaint
  case quit(Int32)
}
