import Basics
import CNcurses

/// The full-screen chat: one thread that waits for keys, engine events and signals, and draws.
///
/// It draws at most 60 frames a second, and none while nothing changes. Input and the first token of an answer are drawn
/// at once. While tokens arrive, it draws at most 30 frames a second and wakes for nothing else but input, because it
/// runs on the cores that compute the tokens. Frames then take at most `streamingShare` of a core: expensive ones come
/// less often.
package final class ScreenProgram {
  let worker: EffectWorker
  private let pipe: WakePipe
  let screen: Screen
  let chat: Chat
  private let themes: ThemeLibrary
  let history: HistoryFile?
  let files: FileEffects
  let drafts: DraftFolder
  let places: PlaceFolder
  let isResumed: Bool
  let environment: [String: String]
  var mouse: MouseMode

  /// Whether the theme follows the background of the terminal.
  private let followsBackground: Bool
  private var awaitsBackground = false

  private var decoder = InputDecoder()
  private var probe = TerminalProbe()
  private var escapeDeadline: Double?
  private var lastFrame = 0.0
  /// The processor time of a frame in seconds, averaged over the last ones.
  private var frameCost = 0.0
  var isDirty = true
  /// Events arrived since the frame before the last one: more will follow until the next frame.
  private var hasFlow = false
  /// The next frame shows the effect of input.
  private var hasInput = false
  private var drawnTheme = ""
  var exitCode: Int32?

  private static let frameTime = 1.0 / 60
  private static let streamingFrameTime = 1.0 / 30
  /// Seconds between frames that show input: a key is drawn at once, the keys of a fast sender are drawn together.
  private static let inputFrameTime = 0.004
  private static let longestFrameTime = 1.0 / 15
  private static let streamingShare = 0.015
  private static let escapeTime = 0.04

  /// Starts the screen. Nil when ncurses does not know the terminal type.
  package init?(worker: EffectWorker, pipe: WakePipe, options: ChatOptions) {
    self.worker = worker
    self.pipe = pipe
    let folders = UserFolders(environment: options.environment)
    files = FileEffects(folders)
    themes = ThemeLibrary(folders)
    drafts = DraftFolder(folders)
    places = PlaceFolder(folders)
    isResumed = options.resumed != nil
    environment = options.environment
    mouse = MouseMode(environment: options.environment)
    history = options.historyFile.map { HistoryFile(path: $0) }
    followsBackground = options.settings.text(.theme) == nil && options.environment["TERM"] != "linux"
    guard let screen = Screen(theme: ThemeLibrary.fallback, environment: options.environment) else {
      return nil
    }
    self.screen = screen
    drawnTheme = ThemeLibrary.fallback.name
    var state = ChatState(options: options, savesSessions: worker.sessions != nil)
    state.history = PromptHistory(history?.load() ?? [])
    state.themes = themes.names
    state.presets = files.presets.names
    chat = Chat(state: state, size: screen.size)
    chat.options.hasLinks = Hyperlinks.areSupported(environment: options.environment)
    // Until the terminal has replied to the probe.
    chat.options.joinsEmoji = false
    if let model = options.model { perform(chat.load(model)) }
  }

  /// Runs until the user quits, and returns the exit status.
  package func run() -> Int32 {
    signals_watch(pipe.writing)
    scheduling_prefer_latency()
    decoder.expectedReports = screen.probeCapabilities()
    if followsBackground {
      screen.writeRaw(TerminalBackground.query)
      awaitsBackground = true
    }
    screen.writeRaw(mouse.enter())
    perform(chat.firstEffects())
    restoreDraft()
    while exitCode == nil { step() }
    screen.writeRaw(mouse.leave())
    // A late reply of the terminal would be read by the shell as input.
    if decoder.expectedReports > 0 || awaitsBackground, TerminalPoll.wait(pipe: pipe, milliseconds: 50).input
    {
      _ = TerminalPoll.read()
    }
    screen.stop()
    signals_unwatch()
    _ = worker.start(.cancel)
    _ = worker.start(.stopDownload)
    perform(chat.lastEffects())
    return exitCode ?? 0
  }

  /// The session that is shown; nil when it is not saved.
  package var session: String? { chat.state.savedSession }

  /// The download that is not complete; nil for none.
  package var download: ChatState.Download? { chat.state.download }

  /// Whether the session was saved.
  package var isSaved: Bool { chat.state.session.isSaved }

  private func step() {
    if isDirty { drawWhenDue() }
    // The tokens until the next frame are drawn together: each would cost a wake-up otherwise.
    let ready = TerminalPoll.wait(pipe: pipe, milliseconds: waitingTime(), ignoresWakes: waitsForFrame)
    handleSignals()
    let now = TerminalPoll.now()
    let phase = chat.state.turn?.phase
    let events = ChatEvent.coalesced(worker.mailbox.take())
    for event in events { perform(chat.handle(event, now: now)) }
    if !events.isEmpty { isDirty = true }
    hasFlow = !events.isEmpty || hasFlow && isDirty
    if ready.hangup { exitCode = 129 }
    if ready.input {
      guard let bytes = TerminalPoll.read() else {
        exitCode = 129
        return
      }
      handle(decoder.feed(bytes), now)
      escapeDeadline = decoder.isPending ? now + Self.escapeTime : nil
    } else if let deadline = escapeDeadline, now >= deadline {
      handle(decoder.timeout(), now)
      escapeDeadline = nil
    }
    if chat.tick(now: now) { isDirty = true }
    perform(chat.background(now: now))
    // The first token of an answer is drawn without waiting for the frame interval.
    if chat.state.turn?.phase != phase, isStreaming { lastFrame = 0 }
  }

  private var isStreaming: Bool {
    chat.state.turn?.phase == .writing || chat.state.turn?.phase == .thinking
  }

  private var waitsForFrame: Bool { isStreaming && (isDirty || hasFlow) }

  // Seconds between the last frame and the next one.
  private var frameInterval: Double {
    if hasInput { return Self.inputFrameTime }
    guard isStreaming else { return Self.frameTime }
    return min(Self.longestFrameTime, max(Self.streamingFrameTime, frameCost / Self.streamingShare))
  }

  func handle(_ inputs: [TerminalInput], _ now: Double) {
    for input in inputs {
      if case .cursorReport(_, let column) = input {
        if let capabilities = probe.addReport(column: column) {
          screen.use(capabilities)
          chat.options.joinsEmoji = capabilities.joinsEmoji
        }
      } else if case .background(let red, let green, let blue) = input {
        // A report after the user chose a theme changes nothing.
        let isUntouched = awaitsBackground && chat.state.theme == ThemeLibrary.defaultName
        if isUntouched { chat.fallBack(to: TerminalBackground.theme(red: red, green: green, blue: blue)) }
        awaitsBackground = false
      } else {
        mouse.note(input)
        perform(chat.handle(.input(input), now: now))
        hasInput = true
      }
      isDirty = true
    }
  }

  // Milliseconds until the next deadline; -1 for no deadline.
  private func waitingTime() -> Int {
    var deadlines: [Double] = []
    if isDirty || waitsForFrame { deadlines.append(lastFrame + frameInterval) }
    if let escapeDeadline { deadlines.append(escapeDeadline) }
    if let next = chat.state.nextDeadline { deadlines.append(next) }
    guard let first = deadlines.min() else { return -1 }
    return max(0, Int(((first - TerminalPoll.now()) * 1000).rounded(.up)))
  }

  private func drawWhenDue() {
    let now = TerminalPoll.now()
    guard now - lastFrame >= frameInterval else { return }
    let begin = TerminalPoll.processorTime()
    useTheme()
    screen.writeRaw(mouse.update(chat.state.userSettings.value(.wheel)))
    screen.draw(chat.frame())
    frameCost += (TerminalPoll.processorTime() - begin - frameCost) / 8
    lastFrame = now
    (isDirty, hasInput) = (false, false)
  }

  private func useTheme() {
    let wanted = chat.state.shownTheme
    guard wanted != drawnTheme else { return }
    drawnTheme = wanted
    do {
      screen.use(try themes.theme(named: wanted))
    } catch {
      chat.fallBack(to: ThemeLibrary.defaultName)
      screen.use(ThemeLibrary.fallback)
      drawnTheme = ThemeLibrary.defaultName
      perform(
        chat.handle(
          .note("\(error)\nThe theme \(drawnTheme) is used instead.", isError: true), now: TerminalPoll.now())
      )
    }
  }
}
