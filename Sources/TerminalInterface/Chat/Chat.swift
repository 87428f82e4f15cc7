import Conversation

/// The chat without a terminal: it takes events and returns effects and frames. Tests drive this type.
package final class Chat {
  package internal(set) var state: ChatState
  let renderer = TranscriptRenderer()
  private let comparisonRenderer = ComparisonRenderer()
  package internal(set) var size: ScreenSize
  /// What the terminal can draw.
  package var options = RenderOptions()
  /// When the passing time last changed the frame.
  private var lastTick = 0.0

  /// The number of entries of the transcript whose rows are kept.
  package var layoutCount: Int { renderer.layoutCount }

  package init(state: ChatState, size: ScreenSize) {
    self.state = state
    self.size = size
  }

  /// Handles an event that occurred at `now`, in seconds on a monotonic clock.
  package func handle(_ event: ChatEvent, now: Double) -> [ChatEffect] {
    state.now = now
    let effects = dispatch(event)
    if state.find?.request != nil { locate() }
    if state.showsSelection { scrollToSelection() }
    return state.backgroundEffects(with: effects)
  }

  /// The background effects that are due at `now`.
  package func background(now: Double) -> [ChatEffect] {
    state.now = now
    return state.backgroundEffects()
  }

  /// The effects at the start: list the models and prepare the engine for the session.
  package func firstEffects() -> [ChatEffect] {
    [.refreshModels(for: nil)] + state.activateSession(closing: nil)
  }

  /// The effects before the program ends.
  package func lastEffects() -> [ChatEffect] { state.lastEffects() }

  private func dispatch(_ event: ChatEvent) -> [ChatEffect] {
    switch event {
    case .input(let input):
      state.titles.disturb(now: state.now)
      return handle(input)
    case .engine(let turn, let event): return state.handle(event, turn: turn)
    case .models(let models, let current, let settings): state.updateModels(models, current, settings)
    case .modelLoaded(let info, let settings): return state.loaded(info, settings)
    case .modelLoading(let percent): state.loadingPercent = state.loading == nil ? nil : percent
    case .loadCancelled(let name): state.loadCancelled(name)
    case .modelFailed(let name, let message): state.failedToLoad(name, message)
    case .download(let event): return state.handle(event)
    case .caches(let report):
      if state.pendingReplies.remove(.cache) != nil { state.showNotice(CacheText.of(report)) }
    case .cachesCleared(let bytes):
      state.pendingReplies.remove(.cache)
      state.showNotice(
        bytes.map { "Released \(byteSize($0)) of prompt caches." } ?? "This engine has no prompt caches.")
    case .files(let listing):
      if state.files?.typed == listing.typed { state.files = listing }
    case .attached(let result): state.attached(result)
    case .draftFound(let draft, let session): state.restore(draft, session: session)
    case .placeFound(let place, let session): restore(place, session: session)
    case .draftEdited(let text, let problem): state.edited(text, problem)
    case .presetLoaded(let name, let result): return state.loadedPreset(name, result)
    case .presetSaved(let name, let problem): state.savedPreset(name, problem)
    case .settingsSaved(let values, let problem): state.savedSettings(values, problem: problem)
    case .sessions(let sessions, let time):
      (state.sessions, state.sessionsAt) = (sessions, time)
      if state.pendingReplies.remove(.sessions) != nil { state.showNotice(state.sessionList) }
      if sessions.isEmpty, state.shownList == .sessions { state.show("No conversations are saved yet") }
    case .inspected(let tokens, let message): state.inspected(tokens, message: message)
    case .inspectionFailed(let text): state.inspectionFailed(text)
    case .titleProposed(let reply, let session): state.proposed(reply, session: session)
    case .sessionHits(let hits, let text):
      if text == state.hits.requested { (state.hits.hits, state.hits.text) = (hits, text) }
    case .sessionOpened(let session, let request): return state.open(session, request: request)
    case .sessionReady(let id):
      if id == state.session.id { state.session.isWarming = false }
    case .sessionFound(let session):
      state.pendingReplies.remove(.session)
      state.question = .delete(session)
    case .sessionDeleted(let id, let texts): return state.deleted(id, texts: texts)
    case .sessionFailed(let message, let request): state.sessionFailed(message, request: request)
    case .sessionSaved(let id, let outcome): return state.saved(id, outcome)
    case .note(let text, let isError): state.transcript.addNotice(text, isError ? .error : .notice)
    case .piped(let text, let isError): state.endPipe(text, isError: isError)
    case .quit(let code): return [.quit(code)]
    }
    return []
  }

  /// Shows a short message in the status line.
  package func show(_ text: String, now: Double) {
    state.now = now
    state.show(text)
  }

  /// Starts to load a model.
  package func load(_ name: String) -> [ChatEffect] {
    state.loading = name
    return [.switchModel(name)]
  }

  /// Updates what depends on the time alone. Returns true when the frame is to be drawn again.
  package func tick(now: Double) -> Bool {
    state.now = now
    var isDue = state.expire()
    if case .prefill = state.turn?.phase, now - lastTick >= ChatState.tickTime { isDue = true }
    if isDue { lastTick = now }
    return isDue
  }

  /// The process was stopped between two times, which count for no measurement.
  package func suspended(from begin: Double, to end: Double) {
    state.turn?.exclude(seconds: max(0, end - begin))
  }

  /// Replaces a theme that could not be loaded.
  package func fallBack(to theme: String) { state.theme = theme }

  /// Sets the size of the screen. The visible text keeps its place.
  package func resize(_ size: ScreenSize) {
    guard size != self.size else { return }
    let isNewWidth = size.columns != self.size.columns
    self.size = size
    guard isNewWidth, state.scroll != .live else { return }
    prepare()
    state.scroll = state.scroll.reflowed(renderer)
    renderer.releaseSource()
  }

  /// The current frame.
  package func frame() -> Frame {
    prepare()
    defer { renderer.releaseSource() }
    return ChatView(state: state, size: size, comparison: comparisonRenderer).frame(transcript: renderer)
  }

  /// Changes the state at `now`.
  package func mutate<Result>(_ now: Double, _ change: (inout ChatState) -> Result) -> Result {
    state.now = now
    return change(&state)
  }

  func prepare() {
    var options = options
    options.proseWidth = state.proseWidth
    comparisonRenderer.options = options
    renderer.show(
      TranscriptRenderer.Source(
        entries: state.transcript.entries, conversation: state.conversation, width: size.columns,
        reasoning: state.reasoning, streaming: state.turn?.answer, options: options,
        marked: state.find?.text, found: state.find?.message, selection: state.selection))
  }

  private func handle(_ input: TerminalInput) -> [ChatEffect] {
    if state.comparison != nil, state.helpScroll == nil {
      let effects = state.handle(input)
      if let scroll = state.comparison?.scroll {
        state.comparison?.scroll = min(scroll, comparisonRenderer.scrollLimit)
      }
      return effects
    }
    if case .wheel(let rows) = input { scroll(by: rows) }
    if case .key(let key) = input, let action = Keymap.action(for: key), scrolls(action) {
      state.clearFlash()
      return []
    }
    return state.handle(input)
  }

}
