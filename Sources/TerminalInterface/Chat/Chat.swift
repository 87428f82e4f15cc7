import Conversation

/// The chat without a terminal: events in, effects and frames out. Tests drive this.
package final class Chat {
  package private(set) var state: ChatState
  private let renderer = TranscriptRenderer()
  package private(set) var size: ScreenSize

  package init(state: ChatState, size: ScreenSize) {
    self.state = state
    self.size = size
  }

  /// Takes an event that came at `now` (seconds on any clock that does not go back).
  package func handle(_ event: ChatEvent, now: Double) -> [ChatEffect] {
    state.now = now
    let effects = take(event)
    // A message is saved before anything is done with it.
    return state.saving() + effects + state.backgroundEffects()
  }

  /// What is to be done because time went on.
  package func background(now: Double) -> [ChatEffect] {
    state.now = now
    return state.backgroundEffects()
  }

  /// What is to be done first: the models are listed, and the engine gets ready for the session.
  package func firstEffects() -> [ChatEffect] {
    [.refreshModels(for: state.request)] + state.turnToSession(leaving: nil)
  }

  /// What is to be done before the program ends.
  package func lastEffects() -> [ChatEffect] { state.lastEffects() }

  private func take(_ event: ChatEvent) -> [ChatEffect] {
    switch event {
    case .input(let input): return take(input)
    case .engine(let turn, let event): state.take(event, turn: turn)
    case .models(let models, let current, let settings): state.take(models, current, settings)
    case .modelLoaded(let info, let settings): return state.loaded(info, settings)
    case .modelFailed(let name, let message): state.failedToLoad(name, message)
    case .caches(let report):
      if state.awaited.remove(.cache) != nil { state.say(CacheText.of(report)) }
    case .cachesCleared(let bytes):
      state.awaited.remove(.cache)
      state.say(bytes.map { "\(byteSize($0)) of prompt caches given back." } ?? "No prompt caches are kept.")
    case .sessions(let sessions, let time):
      (state.sessions, state.sessionsAt) = (sessions, time)
      if state.awaited.remove(.sessions) != nil { state.say(state.sessionList) }
      if sessions.isEmpty, state.shownList == .sessions { state.show("No sessions are kept yet") }
    case .sessionOpened(let session): return state.open(session)
    case .sessionReady(let id):
      if id == state.session.id { state.session.isWarming = false }
    case .sessionFound(let session):
      state.awaited.remove(.session)
      state.question = .delete(session)
    case .sessionDeleted(let id): return state.deleted(id)
    case .sessionFailed(let message):
      state.awaited.remove(.session)
      state.session.isBusy = false
      state.transcript.note(message, .error)
    case .sessionSaved(let id, let outcome): return state.saved(id, outcome)
    case .note(let text, let isError): state.transcript.note(text, isError ? .error : .notice)
    case .quit(let code): return [.quit(code)]
    }
    return []
  }

  /// Shows a short message for something that the program did.
  package func show(_ text: String, now: Double) {
    state.now = now
    state.show(text)
  }

  /// Loads a model with the first frame.
  package func load(_ name: String) -> [ChatEffect] {
    state.loading = name
    return [.switchModel(name)]
  }

  /// The clock went on. Returns true when the frame changes by that.
  package func tick(now: Double) -> Bool {
    state.now = now
    if case .reading = state.turn?.phase { return state.expire() || true }
    return state.expire()
  }

  /// The theme that was chosen cannot be used.
  package func fallBack(to theme: String) { state.theme = theme }

  /// The screen has another size; what is seen stays.
  package func resize(_ size: ScreenSize) {
    guard size != self.size else { return }
    let isNewWidth = size.columns != self.size.columns
    self.size = size
    guard isNewWidth, state.scroll != .live else { return }
    prepare()
    state.scroll = state.scroll.reflowed(renderer)
    renderer.forget()
  }

  /// The frame as it is now.
  package func frame() -> Frame {
    prepare()
    defer { renderer.forget() }
    return ChatView(state: state, size: size).frame(transcript: renderer)
  }

  /// Changes the state at a time.
  package func mutate<Result>(_ now: Double, _ change: (inout ChatState) -> Result) -> Result {
    state.now = now
    return change(&state)
  }

  private func prepare() {
    renderer.show(
      TranscriptRenderer.Source(
        entries: state.transcript.entries, conversation: state.conversation, width: size.columns,
        reasoning: state.reasoning, streaming: state.turn?.answer))
  }

  private func take(_ input: TerminalInput) -> [ChatEffect] {
    if case .wheel(let rows) = input { scroll(by: rows) }
    if case .key(let key) = input, let action = Keymap.action(for: key), scrolls(action) {
      state.clearFlash()
      return []
    }
    return state.take(input)
  }

  // Keys that need to know rows: scrolling, and moving up and down in the draft.
  private func scrolls(_ action: Action) -> Bool {
    let view = ChatView(state: state, size: size)
    let page = max(1, view.transcriptHeight - 2)
    switch action {
    case .pageUp: scroll(by: -page)
    case .pageDown: scroll(by: page)
    case .lineUp: scroll(by: -1)
    case .lineDown: scroll(by: 1)
    case .top: scroll(by: -Int.max / 2)
    case .bottom:
      if state.helpScroll != nil { scroll(by: Int.max / 2) } else { state.scroll = .live }
    case .up, .down:
      if state.helpScroll != nil {
        scroll(by: action == .up ? -1 : 1)
      } else if state.menu == nil && state.search == nil {
        state.moveVertically(by: action == .up ? -1 : 1, width: view.composerWidth)
      } else {
        return false
      }
    default: return false
    }
    return true
  }

  private func scroll(by rows: Int) {
    let view = ChatView(state: state, size: size)
    if let help = state.helpScroll {
      let last = max(0, HelpText.lines(width: size.columns).count - view.transcriptHeight)
      state.helpScroll = min(last, max(0, help + rows))
      return
    }
    prepare()
    defer { renderer.forget() }
    if rows < -1_000_000 {
      let isLonger =
        ScrollPosition.end(renderer, height: view.transcriptHeight)
        != .init(
          entry: 0, row: 0, rowsThen: renderer.entryCount > 0 ? renderer.rowCount(0) : 0)
      if isLonger { state.scroll = .fixed(.init(entry: 0, row: 0, rowsThen: renderer.rowCount(0))) }
      return
    }
    state.scroll = state.scroll.scrolled(by: rows, renderer, height: view.transcriptHeight)
  }
}

/// What a chat of lines needs besides.
extension Chat {
  /// Takes a whole line, as if it had been typed and sent.
  package func submit(_ line: String, now: Double) -> [ChatEffect] {
    mutate(now) { state in
      if let question = state.question { return state.answer(question, line) }
      state.draft.set(line)
      var effects = state.submit()
      // Without a screen there is no menu and no panel: what they would show is said.
      if state.helpScroll != nil {
        state.helpScroll = nil
        state.transcript.note(HelpText.lines(width: 80).map(\.text).joined(separator: "\n"))
      }
      if state.draft.text == "/model " { effects += state.run(.models, "") }
      if state.draft.text == "/branch " { state.say(state.branchList) }
      if state.draft.text == "/sessions " {
        state.awaited.insert(.sessions)
        effects.append(.listSessions)
      }
      if state.draft.text == "/theme " { state.show("Themes need a screen") }
      state.draft.clear()
      state.editing = nil
      return effects + state.backgroundEffects()
    }
  }

  /// Stops the answer that is being written.
  package func stop(now: Double) -> [ChatEffect] { mutate(now) { $0.stopAnswer() } }

  package func dropFlash() { mutate(state.now) { $0.clearFlash() } }
}
