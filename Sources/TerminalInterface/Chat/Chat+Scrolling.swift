import Conversation

/// Scrolling, by keys and to what was searched, selected or saved.
extension Chat {
  /// Performs actions that depend on the layout: scrolling, and vertical moves in the draft.
  /// - Returns: false for other actions.
  func scrolls(_ action: Action) -> Bool {
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

  /// Scrolls to a saved place. The width may be another one than when it was saved.
  func restore(_ place: ReadingPlace, session: String) {
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

  func scroll(by rows: Int) {
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
  func locate() {
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
    let older = found.count > 1 ? " · \(Keymap.name(of: .findOlder)) shows the next older one" : ""
    state.show("Message \(found.number) of \(found.count) with this text\(older)")
  }
}

/// The selection of messages and code blocks.
extension Chat {
  /// Scrolls so that the selection is visible.
  func scrollToSelection() {
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
