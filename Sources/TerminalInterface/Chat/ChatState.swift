import Conversation

/// All that the screen shows follows from this value; all that happens changes it. No clock, terminal or task in it:
/// the time comes with each event.
package struct ChatState: Sendable {
  package var conversation = MessageTree() {
    didSet { revision += 1 }
  }
  /// Counts the changes of the conversation.
  package private(set) var revision = 0
  package var transcript = Transcript()
  package var scroll = ScrollPosition.live

  package var draft = Draft()
  package var history = PromptHistory()
  package var search: HistorySearch?
  /// The message that sending the draft replaces.
  package var editing: MessageTree.ID?

  /// Which item of the menu is marked; nil for the one it prefers.
  package var menuSelection: Int?
  /// The draft for which the menu was closed.
  package var menuClosedFor: String?
  /// Rows scrolled off the top of the help; nil when it is not shown.
  package var helpScroll: Int?

  package var models: [ModelSummary] = []
  package var model: ModelInfo?
  /// The model that is being loaded.
  package var loading: String?
  package var settings = ChatSettings()
  package var themes: [String] = []
  package var theme: String
  package var reasoning = ReasoningDisplay.fold

  package var session: SessionState
  /// Makes the identifiers of new sessions.
  package var newSession: @Sendable () -> String = { SessionIdentifier.make() }
  /// False where nothing of the conversation goes to the disk.
  package var keepsSessions = false
  package var sessions: [SessionSummary] = []
  /// When that list was made, in seconds since 1970.
  package var sessionsAt = 0.0
  /// A question that the next key answers.
  package var question: Question?
  package var awaited: Set<Awaited> = []
  /// The list that the menu shows.
  package var shownList: CommandEntry.Completion?
  package var readAhead = ReadAhead()

  package var turn: TurnProgress?
  package var statistics: TurnStatistics?
  package private(set) var turnCount = 0

  /// A short message in the status line, and when it goes.
  package private(set) var flash: (text: String, until: Double)?
  /// When Ctrl-C asked whether to quit; a second one within `patience` does.
  package var askedToQuit: Double?
  /// When Esc was pressed with nothing to do.
  package var lastEscape: Double?
  /// Seconds on the screen's clock.
  package var now = 0.0

  /// Seconds for which Ctrl-C and Esc wait for their second time.
  package static let patience = 2.0
  package static let flashTime = 4.0

  package init(theme: String = ThemeLibrary.defaultName) {
    self.theme = theme
    session = SessionState(id: newSession())
  }

  /// The menu over the composer; nil when there is none.
  package var menu: Menu? {
    guard search == nil, helpScroll == nil, draft.isAtEnd, draft.elements.count < 200 else { return nil }
    let text = draft.text
    guard text.hasPrefix("/"), text != menuClosedFor else { return nil }
    return Menu.of(
      text,
      Menu.Facts(
        models: models, currentModel: model, answeringModel: turn?.model, settings: settings,
        themes: themes, currentTheme: theme,
        reasoning: reasoning, sessions: sessions, sessionsAt: sessionsAt, currentSession: session.id,
        branches: shownList == .branches ? BranchChoice.all(in: conversation) : []))
  }

  /// The marked item of the menu.
  package func selection(in menu: Menu) -> Int {
    min(max(0, menuSelection ?? menu.preferred), max(0, menu.items.count - 1))
  }

  /// The theme to draw with: while themes are chosen from, the marked one.
  package var shownTheme: String {
    guard let menu, menu.command == .theme, menuSelection != nil else { return theme }
    let item = menu.items[selection(in: menu)]
    return String(item.completed.dropFirst("/theme ".count))
  }

  /// Shows a short message in the status line.
  package mutating func show(_ text: String) { flash = (text, now + Self.flashTime) }

  /// Drops what has had its time. Returns true when something changed.
  package mutating func expire() -> Bool {
    guard let flash, flash.until <= now else { return false }
    self.flash = nil
    return true
  }

  package mutating func clearFlash() { flash = nil }

  /// When something has to be drawn although nothing happens; nil for never.
  package var nextDeadline: Double? {
    var times: [Double] = []
    if let flash { times.append(flash.until) }
    if case .reading = turn?.phase { times.append(now + 0.25) }
    if let backgroundDeadline { times.append(backgroundDeadline) }
    return times.min()
  }

  /// The number of a new turn.
  package mutating func nextTurn() -> Int {
    turnCount += 1
    return turnCount
  }
}
