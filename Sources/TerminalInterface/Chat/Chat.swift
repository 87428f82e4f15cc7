import Conversation

/// The chat without a terminal: it takes events and returns effects and frames. Tests drive this type.
package final class Chat {
  package private(set) var state: ChatState
  private let renderer = TranscriptRenderer()
  private let comparisonRenderer = ComparisonRenderer()
  package private(set) var size: ScreenSize
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
      if sessions.isEmpty, state.shownList == .sessions { state.show("No sessions are saved yet") }
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

  private func prepare() {
    var options = options
    options.proseWidth = state.proseWidth
    comparisonRenderer.options = options
    renderer.show(
      TranscriptRenderer.Source(
        entries: state.transcript.entries, conversation: state.conversation, width: size.columns,
        reasoning: state.reasoning, streaming: state.turn?.answer, options: options,
        marked: state.find?.text, selection: state.selection))
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

  // Actions that depend on the layout: scrolling, and vertical moves in the draft. Returns false for other actions.
  private func scrolls(_ action: Action) -> Bool {
    let view = ChatView(state: state, size: size)
    let page = max(1, view.transcriptHeight - 2)
    if state.inspector != nil || state.selection != nil, action == .up || action == .down { return false }
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

  // The width may be another one than when the place was saved.
  private func restore(_ place: ReadingPlace, session: String) {
    guard state.restore(place, session: session) else { return }
    prepare()
    defer { renderer.releaseSource() }
    let height = ChatView(state: state, size: size).transcriptHeight
    let end = ScrollPosition.end(renderer, height: height)
    state.scroll = state.scroll.reflowed(renderer)
    if case .fixed(let top) = state.scroll, (top.entry, top.row) >= (end.entry, end.row) {
      state.scroll = .live
    }
  }

  private func scroll(by rows: Int) {
    let view = ChatView(state: state, size: size)
    if let help = state.helpScroll {
      let last = max(0, HelpText.lines(width: size.columns).count - view.transcriptHeight)
      state.helpScroll = min(last, max(0, help + rows))
      return
    }
    prepare()
    defer { renderer.releaseSource() }
    if rows < -1_000_000 {
      let isLonger =
        ScrollPosition.end(renderer, height: view.transcriptHeight)
        != .init(
          entry: 0, row: 0, entryRows: renderer.entryCount > 0 ? renderer.rowCount(0) : 0)
      if isLonger { state.scroll = .fixed(.init(entry: 0, row: 0, entryRows: renderer.rowCount(0))) }
      return
    }
    state.scroll = state.scroll.scrolled(by: rows, renderer, height: view.transcriptHeight)
  }
}

/// The search in the transcript.
extension Chat {
  /// Scrolls to the next message that contains the text of the search.
  private func locate() {
    guard let find = state.find, let request = find.request else { return }
    state.find?.request = nil
    guard let found = state.nextMatch(request) else {
      state.find = nil
      state.show("No message contains “\(VisibleText.singleLine(find.text))”")
      return
    }
    state.find?.message = found.id
    let entry = state.transcript.entries.firstIndex { $0.content == .message(found.id) } ?? 0
    prepare()
    defer { renderer.releaseSource() }
    let rows = renderer.rowCount(entry)
    let text = find.text.lowercased()
    // The text may be wrapped, or contain marks that are not shown: then the message is shown from its start.
    let row = (0..<rows).first { renderer.row(entry, $0).text.lowercased().contains(text) } ?? 0
    let height = ChatView(state: state, size: size).transcriptHeight
    let top = ScrollPosition.Top(entry: entry, row: row, entryRows: rows)
    let position = ScrollPosition.fixed(top).scrolled(by: -min(row + 1, height / 3), renderer, height: height)
    let end = ScrollPosition.end(renderer, height: height)
    if case .fixed(let top) = position, (top.entry, top.row) < (end.entry, end.row) {
      state.scroll = position
    } else {
      state.scroll = .live
    }
    let older = Keymap.name(of: .findOlder)
    state.show("Message \(found.number) of \(found.count) with this text · \(older) shows the next older one")
  }
}

/// The selection of messages and code blocks.
extension Chat {
  /// Scrolls so that the selection is visible.
  private func scrollToSelection() {
    state.showsSelection = false
    guard let selection = state.selection,
      let entry = state.transcript.entries.firstIndex(where: { $0.content == .message(selection.message) })
    else { return }
    prepare()
    defer { renderer.releaseSource() }
    let rows = renderer.rows(of: selection, in: entry)
    let height = ChatView(state: state, size: size).transcriptHeight
    let (top, end) = (
      state.scroll.top(renderer, height: height), ScrollPosition.end(renderer, height: height)
    )
    // The rows from the top of the screen to the first of the selection.
    var distance = rows.lowerBound - top.row
    for index in min(entry, top.entry)..<max(entry, top.entry) {
      distance += (entry > top.entry ? 1 : -1) * renderer.rowCount(index)
    }
    guard distance < 0 || distance + min(rows.count, height) > height else { return }
    let first = ScrollPosition.Top(entry: entry, row: rows.lowerBound, entryRows: renderer.rowCount(entry))
    let position = ScrollPosition.fixed(first).scrolled(by: -(height / 4) - 1, renderer, height: height)
    guard case .fixed(let place) = position, (place.entry, place.row) < (end.entry, end.row) else {
      state.scroll = .live
      return
    }
    state.scroll = position
  }
}

/// The additional entry points for the line mode.
extension Chat {
  /// Handles a whole line as if the user had typed and sent it.
  /// - Parameter parts: the message with its attached files in place of their paths.
  package func submit(_ line: String, _ parts: [Draft.Element]? = nil, now: Double) -> [ChatEffect] {
    mutate(now) { state in
      if let question = state.question { return state.answer(question, line) }
      // Files that were attached before belong to this message.
      let attached = state.draft.elements.filter { if case .attachment = $0 { true } else { false } }
      state.draft.set(line)
      let isMessage = if case .message = SubmittedLine.parse(line) { true } else { false }
      if isMessage, let parts { state.draft = Draft(elements: parts, cursor: parts.count) }
      if isMessage, !attached.isEmpty { state.draft.append(attached) }
      var effects = state.submit()
      // Without a screen there are no menus or panels: their contents are printed as notices.
      if state.helpScroll != nil {
        state.helpScroll = nil
        state.transcript.addNotice(
          HelpText.lines(width: 80, hasKeys: false).map(\.text).joined(separator: "\n"))
      }
      if state.draft.text == "/model " { effects += state.run(.models, "") }
      if state.draft.text == "/pull " { state.showNotice(state.downloadList) }
      if state.draft.text == "/branch " { state.showNotice(state.branchList) }
      if state.draft.text == "/sessions " {
        state.pendingReplies.insert(.sessions)
        effects.append(.listSessions)
      }
      if state.draft.text == "/theme " { state.show("Themes need the full-screen mode") }
      state.draft.clear()
      if !isMessage { state.draft.append(attached) }
      state.editing = nil
      return state.backgroundEffects(with: effects)
    }
  }

  /// Stops the current answer.
  package func stop(now: Double) -> [ChatEffect] { mutate(now) { $0.stopAnswer() } }

  /// Stops the download.
  package func stopDownload(now: Double) -> [ChatEffect] { mutate(now) { $0.stopDownload() } }

  package func dropFlash() { mutate(state.now) { $0.clearFlash() } }
}
