import Conversation

/// The complete state of the chat. Frames are computed from it and events change it. It has no clock, terminal or task:
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
  /// False in the line mode, where no draft is shown.
  package var hasComposer = true
  package var history = PromptHistory()
  /// The earlier states of the draft.
  package var edits = DraftEdits()
  package var draftSaving = DraftSaving()
  package var placeSaving = PlaceSaving()
  package var search: HistorySearch?
  /// The text that is searched for in the transcript.
  package var find: Find?
  /// The selected message or code block; nil while nothing is selected.
  package var selection: Selection?
  /// The selection has moved: `Chat` scrolls to it.
  package var showsSelection = false
  /// The selected text that `/pipe` passes on; nil for the last answer.
  package var piped: String?
  /// What the status line says while a command of the shell runs.
  var pipeMessage: String?
  /// The token inspector; nil when it is closed.
  package var inspector: Inspector?
  /// What was found in all sessions for the draft.
  package var hits = SessionHits()
  /// The files for the path in the composer.
  package var files: FileListing?
  /// The `@path` that the file which is being read replaces.
  package var attaching: Range<Int>?
  /// The messages that are sent after the current answer.
  package var queued: [Draft] = []
  /// The message that sending the draft replaces.
  package var editing: MessageTree.ID?

  /// The selected item of the menu; nil for the preferred one.
  package var menuSelection: Int?
  /// The draft for which the menu was closed.
  package var menuClosedFor: String?
  /// The first visible row of the help; nil when it is not shown.
  package var helpScroll: Int?

  package var models: [ModelSummary] = []
  /// Whether they were listed once.
  package var knowsModels = false
  package var model: ModelInfo?
  /// The model that is loading.
  package var loading: String? {
    didSet {
      guard loading != oldValue else { return }
      loadingPercent = nil
      isLoadCancelled = false
    }
  }
  /// How much of it is loaded, once that has taken a second.
  package var loadingPercent: Int?
  /// Whether the user has cancelled that.
  package var isLoadCancelled = false
  /// Whether models can be downloaded, and some that users may want first.
  package var canDownload = false
  package var suggestedDownloads: [DownloadChoice] = []
  /// The download that runs; nil for none.
  package var download: Download?
  /// The models of the repository that was asked for last.
  package var downloadChoices: DownloadChoices?
  /// The settings of the user, by source.
  package var userSettings = UserSettings()
  /// The settings of answers without those of the user.
  package var defaults = ChatSettings()
  /// The settings of answers in effect.
  package var settings = ChatSettings()
  package var themes: [String] = []
  /// The names of the presets, and the one in use.
  package var presets: [String] = []
  package var preset: String?
  package var theme: String
  package var reasoning = ReasoningDisplay.fold

  package var session: SessionState
  /// Makes the identifiers of new sessions.
  package var newSession: @Sendable () -> String = { SessionIdentifier.make() }
  /// Whether conversations are saved to disk.
  package var savesSessions = false
  package var sessions: [SessionSummary] = []
  /// When that list was made, in seconds since 1970.
  package var sessionsAt = 0.0
  /// The summary that is being generated.
  package var summary: PendingSummary?
  /// A question that the next key answers.
  package var question: Question?
  package var pendingReplies: Set<PendingReply> = []
  /// The system prompt of the program's options.
  package var initialSystemPrompt: String?
  /// The message to show when the session is open; nil for its end.
  package var openingPlace: Int?
  /// The number of `openSession` requests.
  package var openRequests = 0
  /// The list that the menu shows.
  package var shownList: CommandEntry.Completion?
  package var readAhead = ReadAhead()
  /// When the model is asked for a title.
  package var titles = TitleProposal()

  package var turn: TurnProgress?
  /// The answers that are compared; nil for none. Their turns replace `turn` one after another.
  package var comparison: Comparison?
  package var statistics: TurnStatistics?
  /// What the last prompt was made from.
  package var lastPrompt: PromptContext?
  package private(set) var turnCount = 0

  /// A short message in the status line, and when it expires.
  package private(set) var flash: (text: String, until: Double)?
  /// When Ctrl-C was first pressed with nothing to stop; a second press within `repeatTime` quits.
  package var askedToQuit: Double?
  /// When Esc was pressed with nothing to close or stop.
  package var lastEscape: Double?
  /// The time of the last event, in seconds on a monotonic clock.
  package var now = 0.0

  /// Seconds within which a second Ctrl-C or Esc counts as a repeat.
  package static let repeatTime = 2.0
  package static let flashTime = 4.0
  /// The time of a message that stays until another event removes it.
  package static let untilReplaced = Double.infinity
  /// Seconds between frames that show the remaining time of the prefill.
  package static let tickTime = 0.25

  package init(theme: String = ThemeLibrary.defaultName) {
    self.theme = theme
    session = SessionState(id: newSession())
  }

  /// The menu above the composer; nil when there is none.
  package var menu: Menu? {
    if let fileMenu { return fileMenu }
    guard search == nil, helpScroll == nil, draft.isAtEnd, draft.elements.count < 200 else { return nil }
    let text = draft.text
    guard text.hasPrefix("/"), text != menuClosedFor else { return nil }
    return Menu.of(
      text,
      Menu.Facts(
        models: models, currentModel: model, suggestedDownloads: suggestedDownloads,
        downloadChoices: downloadChoices, download: download, answeringModel: turn?.model, settings: settings,
        userSettings: userSettings, presets: presets, preset: preset, themes: themes, currentTheme: theme,
        reasoning: reasoning, sessions: sessions, sessionsAt: sessionsAt, currentSession: session.id,
        hits: hits,
        branches: shownList == .branches ? BranchChoice.all(in: conversation) : []))
  }

  /// The selected item of the menu.
  package func selection(in menu: Menu) -> Int {
    min(max(0, menuSelection ?? menu.preferred), max(0, menu.items.count - 1))
  }

  /// The theme to draw with: the selected one while the theme menu is open.
  package var shownTheme: String {
    guard let menu, menu.command == .theme, menuSelection != nil else { return theme }
    let item = menu.items[selection(in: menu)]
    return String(item.completed.dropFirst("/theme ".count))
  }

  /// Shows a short message in the status line.
  package mutating func show(_ text: String, for seconds: Double = flashTime) {
    flash = (text, now + seconds)
  }

  /// Removes an expired message. Returns true when something changed.
  package mutating func expire() -> Bool {
    guard let flash, flash.until <= now else { return false }
    self.flash = nil
    return true
  }

  package mutating func clearFlash() { flash = nil }

  /// The next time at which the chat must be updated without an event; nil for never.
  package var nextDeadline: Double? {
    var times: [Double] = []
    if let flash, flash.until.isFinite { times.append(flash.until) }
    if case .prefill = turn?.phase { times.append(now + Self.tickTime) }
    if let backgroundDeadline { times.append(backgroundDeadline) }
    return times.min()
  }

  /// The number of a new turn.
  package mutating func nextTurn() -> Int {
    turnCount += 1
    return turnCount
  }
}
