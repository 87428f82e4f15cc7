import Conversation

/// All that the screen shows follows from this value; all that happens changes it. No clock, terminal or task in it:
/// the time comes with each event.
struct ChatState: Sendable {
  var conversation = MessageTree()
  var transcript = Transcript()
  var scroll = ScrollPosition.live

  var draft = Draft()
  var history = PromptHistory()
  var search: HistorySearch?
  /// The message that sending the draft replaces.
  var editing: MessageTree.ID?

  /// Which item of the menu is marked; nil for the one it prefers.
  var menuSelection: Int?
  /// The draft for which the menu was closed.
  var menuClosedFor: String?
  /// Rows scrolled off the top of the help; nil when it is not shown.
  var helpScroll: Int?

  var models: [ModelSummary] = []
  var model: ModelInfo?
  /// The model that is being loaded.
  var loading: String?
  var settings = ChatSettings()
  var themes: [String] = []
  var theme: String
  var reasoning = ReasoningDisplay.fold

  var turn: TurnProgress?
  var statistics: TurnStatistics?
  private(set) var turnCount = 0

  /// A short message in the status line, and when it goes.
  private(set) var flash: (text: String, until: Double)?
  /// When Ctrl-C asked whether to quit; a second one within `patience` does.
  var askedToQuit: Double?
  /// When Esc was pressed with nothing to do.
  var lastEscape: Double?
  /// Seconds on the screen's clock.
  var now = 0.0

  /// Seconds for which Ctrl-C and Esc wait for their second time.
  static let patience = 2.0
  static let flashTime = 4.0

  init(theme: String = ThemeLibrary.defaultName) { self.theme = theme }

  /// The menu over the composer; nil when there is none.
  var menu: Menu? {
    guard search == nil, helpScroll == nil, draft.isAtEnd, draft.elements.count < 200 else { return nil }
    let text = draft.text
    guard text.hasPrefix("/"), text != menuClosedFor else { return nil }
    return Menu.of(
      text,
      Menu.Facts(
        models: models, currentModel: model, settings: settings, themes: themes, currentTheme: theme,
        reasoning: reasoning))
  }

  /// The marked item of the menu.
  func selection(in menu: Menu) -> Int { min(max(0, menuSelection ?? menu.preferred), max(0, menu.items.count - 1)) }

  /// The theme to draw with: while themes are chosen from, the marked one.
  var shownTheme: String {
    guard let menu, menu.command == .theme, menuSelection != nil else { return theme }
    let item = menu.items[selection(in: menu)]
    return String(item.completed.dropFirst("/theme ".count))
  }

  /// Shows a short message in the status line.
  mutating func show(_ text: String) { flash = (text, now + Self.flashTime) }

  /// Drops what has had its time. Returns true when something changed.
  mutating func expire() -> Bool {
    guard let flash, flash.until <= now else { return false }
    self.flash = nil
    return true
  }

  mutating func clearFlash() { flash = nil }

  /// When something has to be drawn although nothing happens; nil for never.
  var nextDeadline: Double? {
    var times: [Double] = []
    if let flash { times.append(flash.until) }
    if case .reading = turn?.phase { times.append(now + 0.25) }
    return times.min()
  }

  /// The number of a new turn.
  mutating func nextTurn() -> Int {
    turnCount += 1
    return turnCount
  }
}
