import Basics
import Conversation

/// The options of a chat.
public struct ChatOptions: Sendable {
  /// A model to load first, by name or path; nil for the one that the engine has loaded.
  public var model: String?
  /// The settings of the user.
  package var settings = UserSettings()
  /// The name of the preset in them.
  package var preset: String?
  /// Whether the input history and the sessions are saved to disk.
  public var keepsHistory = true
  /// The session store; nil for none.
  public var sessions: SessionStore?
  /// The downloads of models; nil for none.
  public var downloads: (any ModelDownloads)?
  /// A session to resume.
  public var resumed: Session?
  /// Messages to show at the start.
  public var notices: [String] = []
  /// The process's environment (`TERM`, `COLORTERM`, `NO_COLOR`, `HOME`, the XDG folders).
  public var environment: [String: String]

  /// The default options in the given environment.
  public init(environment: [String: String]) { self.environment = environment }

  /// The path of the input history; nil when the environment names no folder, or nothing is saved.
  package var historyFile: String? {
    guard keepsHistory else { return nil }
    return FileSystem.join(UserFolders(environment: environment).state, "sotto/history")
  }
}

extension ChatState {
  /// The initial state for these options.
  package init(options: ChatOptions, savesSessions: Bool, hasComposer: Bool = true) {
    self.init()
    userSettings = options.settings
    preset = options.preset
    refreshSettings()
    self.hasComposer = hasComposer
    canDownload = options.downloads != nil
    suggestedDownloads = options.downloads?.suggestions ?? []
    if let session = options.resumed {
      show(session)
      transcript.addNotice("Resumed: \(title(of: session))")
    }
    initialSystemPrompt = options.settings.text(.systemPrompt)
    // A resumed conversation has its own, which only an explicit one replaces.
    let isExplicit = options.settings.found(.systemPrompt).map { $0.origin != .file } ?? false
    if isExplicit || options.resumed == nil { conversation.systemPrompt = initialSystemPrompt }
    for notice in options.notices { transcript.addNotice(notice) }
    self.savesSessions = savesSessions
  }
}

/// The two user interfaces of the chat: the full screen and the line mode.
package enum ChatInterface: Sendable, Equatable {
  case screen
  case lines

  /// The full screen needs a terminal for input and output, of a type with cursor movement.
  package static func decide(isPlain: Bool, inputIsTerminal: Bool, outputIsTerminal: Bool, type: String?)
    -> ChatInterface
  {
    guard !isPlain, inputIsTerminal, outputIsTerminal, let type, !type.isEmpty else { return .lines }
    return type == "dumb" || type == "unknown" ? .lines : .screen
  }
}
