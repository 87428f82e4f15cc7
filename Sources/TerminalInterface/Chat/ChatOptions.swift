import Conversation

/// How the chat begins.
public struct ChatOptions: Sendable {
  /// A model to load first, by name or path; nil for the one that the engine holds already.
  public var model: String?
  /// The system prompt to begin with.
  public var systemPrompt: String?
  /// The theme to begin with; nil for the default.
  public var theme: String?
  /// Reads the draft ahead while it is typed.
  public var typingAhead = true
  /// Keeps on disk what was sent, and sessions where there is a store.
  public var keepsHistory = true
  /// Where sessions are kept; nil for nowhere.
  public var sessions: SessionStore?
  /// A session to go on with.
  public var resumed: Session?
  /// Asks for lines of plain text even where there is a terminal.
  public var isPlain = false
  /// Reports the mouse wheel to the program; the terminal then no longer selects text by itself.
  public var usesWheel = false
  /// The process's environment (`TERM`, `COLORTERM`, `NO_COLOR`, `HOME`, the XDG folders).
  public var environment: [String: String]

  /// Options with nothing asked for, in the given environment.
  public init(environment: [String: String]) { self.environment = environment }

  /// Where what was sent is kept; nil when there is no such place.
  package var historyFile: String? {
    guard keepsHistory else { return nil }
    if let state = environment["XDG_STATE_HOME"], state.hasPrefix("/") { return state + "/sotto/history" }
    return environment["HOME"].map { $0 + "/.local/state/sotto/history" }
  }
}

extension ChatState {
  /// The state that these options ask for.
  package init(options: ChatOptions, keepsSessions: Bool) {
    self.init(theme: options.theme ?? ThemeLibrary.defaultName)
    if let session = options.resumed {
      show(session)
      transcript.note("Resumed: \(title(of: session))")
    }
    if let prompt = options.systemPrompt { conversation.systemPrompt = prompt }
    settings.typingAhead = options.typingAhead
    self.keepsSessions = keepsSessions
  }
}

/// Which of the two faces the chat has.
package enum ChatFace: Sendable, Equatable {
  case screen
  case lines

  /// The screen needs a terminal on both sides, of a kind that can move its cursor.
  package static func decide(isPlain: Bool, inputIsTerminal: Bool, outputIsTerminal: Bool, type: String?)
    -> ChatFace
  {
    guard !isPlain, inputIsTerminal, outputIsTerminal, let type, !type.isEmpty else { return .lines }
    return type == "dumb" || type == "unknown" ? .lines : .screen
  }
}
