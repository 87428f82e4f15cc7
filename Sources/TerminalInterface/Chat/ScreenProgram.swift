import CNcurses

/// The chat on a terminal: one thread that waits for keys, engine events and signals, and draws.
///
/// At most 60 frames a second, however fast tokens come; none at all while nothing happens. The first token of an
/// answer is drawn at once.
package final class ScreenProgram {
  private let worker: EffectWorker
  private let pipe: WakePipe
  private let screen: Screen
  private let chat: Chat
  private let themes: ThemeLibrary
  private let history: HistoryFile?
  private let usesWheel: Bool

  private var decoder = InputDecoder()
  private var probe = TerminalProbe()
  private var escapeDeadline: Double?
  private var lastFrame = 0.0
  private var isDirty = true
  private var drawnTheme = ""
  private var exitCode: Int32?

  private static let frameTime = 1.0 / 60
  private static let escapeTime = 0.04

  /// Takes the terminal over. Nil when ncurses does not know it.
  package init?(worker: EffectWorker, pipe: WakePipe, options: ChatOptions) {
    self.worker = worker
    self.pipe = pipe
    themes = ThemeLibrary(environment: options.environment)
    history = options.historyFile.map { HistoryFile(path: $0) }
    usesWheel = options.usesWheel
    guard let screen = Screen(theme: ThemeLibrary.fallback, environment: options.environment) else {
      return nil
    }
    self.screen = screen
    drawnTheme = ThemeLibrary.fallback.name
    var state = ChatState(options: options, keepsSessions: worker.sessions != nil)
    state.history = PromptHistory(history?.load() ?? [])
    state.themes = themes.names
    chat = Chat(state: state, size: screen.size)
    if let model = options.model { perform(chat.load(model)) }
  }

  /// Runs until the person leaves.
  package func run() -> Int32 {
    signals_watch(pipe.writing)
    decoder.expectedReports = screen.askForAbilities()
    if usesWheel { screen.writeRaw("\u{1B}[?1000h\u{1B}[?1006h") }
    perform(chat.firstEffects())
    while exitCode == nil { turnOnce() }
    if usesWheel { screen.writeRaw("\u{1B}[?1006l\u{1B}[?1000l") }
    // An answer of the terminal that is still on its way would be typed into the shell.
    if decoder.expectedReports > 0, TerminalPoll.wait(pipe: pipe, milliseconds: 50).input {
      _ = TerminalPoll.read()
    }
    screen.stop()
    signals_unwatch()
    _ = worker.start(.cancel)
    perform(chat.lastEffects())
    return exitCode ?? 0
  }

  /// The session that is shown; nil when it is not kept.
  package var session: String? { chat.state.keptSession }

  /// Whether it has a message.
  package var isKept: Bool { chat.state.session.saved != nil }

  private func turnOnce() {
    if isDirty { drawWhenDue() }
    let ready = TerminalPoll.wait(pipe: pipe, milliseconds: waitingTime())
    takeSignals()
    let now = TerminalPoll.now()
    let phase = chat.state.turn?.phase
    for event in worker.mailbox.take() {
      perform(chat.handle(event, now: now))
      isDirty = true
    }
    if ready.hangup { exitCode = 129 }
    if ready.input {
      guard let bytes = TerminalPoll.read() else {
        exitCode = 129
        return
      }
      take(decoder.feed(bytes), now)
      escapeDeadline = decoder.isPending ? now + Self.escapeTime : nil
    } else if let deadline = escapeDeadline, now >= deadline {
      take(decoder.timeout(), now)
      escapeDeadline = nil
    }
    if chat.tick(now: now) { isDirty = true }
    perform(chat.background(now: now))
    // The first word of an answer does not wait for the beat.
    if chat.state.turn?.phase != phase
      && (chat.state.turn?.phase == .writing || chat.state.turn?.phase == .thinking)
    {
      lastFrame = 0
    }
  }

  private func take(_ inputs: [TerminalInput], _ now: Double) {
    for input in inputs {
      if case .cursorReport(_, let column) = input {
        if let abilities = probe.take(column: column) { screen.use(abilities) }
      } else {
        perform(chat.handle(.input(input), now: now))
      }
      isDirty = true
    }
  }

  // How long nothing can happen but what ends the poll.
  private func waitingTime() -> Int {
    var deadlines: [Double] = []
    if isDirty { deadlines.append(lastFrame + Self.frameTime) }
    if let escapeDeadline { deadlines.append(escapeDeadline) }
    if let next = chat.state.nextDeadline { deadlines.append(next) }
    guard let first = deadlines.min() else { return -1 }
    return max(0, Int(((first - TerminalPoll.now()) * 1000).rounded(.up)))
  }

  private func drawWhenDue() {
    let now = TerminalPoll.now()
    guard now - lastFrame >= Self.frameTime else { return }
    useTheme()
    screen.draw(chat.frame())
    lastFrame = now
    isDirty = false
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
          .note("\(error)\nThe theme \(drawnTheme) is used.", isError: true), now: TerminalPoll.now()))
    }
  }

  private func takeSignals() {
    let signals = signals_take()
    if signals == 0 { return }
    if signals & Int32(SIGNALS_QUIT) != 0 { exitCode = 143 }
    if signals & Int32(SIGNALS_INTERRUPT) != 0 { take([.key(.control("c"))], TerminalPoll.now()) }
    if signals & Int32(SIGNALS_SUSPEND) != 0 { suspend() }
    if signals & Int32(SIGNALS_CONTINUED) != 0 {
      // Something else stopped us, and may have changed the terminal's modes.
      screen.pause()
      screen.resume()
    }
    if signals & (Int32(SIGNALS_RESIZED) | Int32(SIGNALS_CONTINUED)) != 0 {
      screen.updateSize()
      chat.resize(screen.size)
      screen.repaint()
      isDirty = true
    }
  }

  private func suspend() {
    screen.pause()
    signals_stop_self()
    _ = signals_take()
    screen.resume()
    chat.resize(screen.size)
    isDirty = true
  }

  private func perform(_ effects: [ChatEffect]) {
    for effect in effects where !worker.start(effect) {
      switch effect {
      case .copy(let text): screen.writeRaw(Clipboard.sequence(for: text))
      case .save(let path, let text): chat.show(SavedFile.write(text, to: path), now: TerminalPoll.now())
      case .remember(let text): history?.append(text)
      case .suspend: suspend()
      case .repaint: screen.repaint()
      case .quit(let code): exitCode = code
      default: break
      }
    }
  }
}
