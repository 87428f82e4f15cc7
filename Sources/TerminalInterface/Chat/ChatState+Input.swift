import Conversation

/// Keys and text.
extension ChatState {
  /// Handles terminal input, except scrolling, which depends on the layout.
  package mutating func handle(_ input: TerminalInput) -> [ChatEffect] {
    if let question, let text = Self.answer(in: input) { return answer(question, text) }
    if flash != nil && askedToQuit == nil && selection == nil { clearFlash() }
    if let effects = choose(input) { return effects }
    switch input {
    case .text(let text): return type(text)
    case .paste(let text):
      if search != nil { search?.type(text, in: history.entries) } else { edit { $0.paste(text) } }
      helpScroll = nil
      return []
    case .key(let key):
      if key.base == .escape, key.modifiers.isEmpty { return escape() }
      lastEscape = nil
      guard let action = Keymap.action(for: key) else { return [] }
      return perform(action)
    case .drag:
      show("Drag again to select text, or hold Shift; after the next key the wheel scrolls again")
      return []
    case .cursorReport, .background, .wheel: return []
    }
  }

  // The reply that an input gives to a question; nil for input that is no key.
  private static func answer(in input: TerminalInput) -> String? {
    switch input {
    case .text(let text): text
    case .key(let key):
      // These change the screen only, and leave the question open.
      switch Keymap.action(for: key) {
      case .redraw, .suspend: nil
      default: ""
      }
    case .paste: ""
    case .cursorReport, .background, .wheel, .drag: nil
    }
  }

  mutating func type(_ text: String) -> [ChatEffect] {
    (askedToQuit, lastEscape) = (nil, nil)
    if search != nil {
      search?.type(text, in: history.entries)
      return []
    }
    if selection != nil { return typeInSelection(text) }
    inspector = nil
    if helpScroll != nil {
      helpScroll = nil
      if text == "q" || text == "?" || text == " " { return [] }
    } else if text == "?" && draft.isEmpty {
      helpScroll = 0
      return []
    }
    edit { $0.insert(text) }
    return []
  }

  /// Changes the draft, and resets the menu and the position in the history.
  package mutating func edit(_ change: (inout Draft) -> Void) {
    let before = draft
    change(&draft)
    guard draft.elements != before.elements else { return }
    edits.record(before, draft)
    menuSelection = nil
    menuClosedFor = nil
    history.endBrowsing()
  }

  private mutating func escape() -> [ChatEffect] {
    askedToQuit = nil
    let menu = menu
    let wasPressed = lastEscape.map { now - $0 < Self.repeatTime } ?? false
    lastEscape = nil
    let decision = EscapeDecision.decide(
      hasOverlay: menu != nil || search != nil || helpScroll != nil || find != nil || inspector != nil
        || selection != nil,
      isAnswering: turn != nil, isLoading: isLoadCancellable,
      isEditing: editing != nil, draftIsEmpty: draft.isEmpty, wasPressed: wasPressed)
    switch decision {
    case .closeOverlay:
      if selection != nil {
        stopSelecting()
      } else if inspector != nil {
        inspector = nil
      } else if find != nil, menu == nil, search == nil, helpScroll == nil {
        find = nil
      } else if let search {
        draft = search.draft
        self.search = nil
      } else if helpScroll != nil {
        helpScroll = nil
      } else {
        menuClosedFor = draft.text
        menuSelection = nil
      }
    case .stopAnswer: return stopAnswer()
    case .cancelLoading: return cancelLoading()
    case .cancelEdit:
      editing = nil
      draft.clear()
      show("The edit was cancelled")
    case .editLastMessage: return run(.edit, "")
    case .wait: lastEscape = now
    }
    return []
  }

  private mutating func perform(_ action: Action) -> [ChatEffect] {
    if action != .interrupt { askedToQuit = nil }
    if search != nil, let effects = performInSearch(action) { return effects }
    if selection != nil, let effects = performInSelection(action) { return effects }
    if inspector != nil, let effects = performInInspector(action) { return effects }
    if let menu, let effects = perform(action, in: menu) { return effects }
    switch action {
    case .send: return submit()
    case .interrupt: return interrupt()
    case .answerNow: return answerNow()
    case .suspend: return [.suspend]
    case .redraw: return [.repaint]
    case .help: helpScroll = helpScroll == nil ? 0 : nil
    case .toggleReasoning:
      let display = reasoning == .show ? ReasoningDisplay.fold : .show
      set(.reasoning, to: .text(display.rawValue))
      show("Reasoning: \(display.rawValue)")
    case .editInEditor: return [.editDraft(draft.text)]
    case .historySearch:
      search = HistorySearch(draft: draft)
      helpScroll = nil
    case .select: startSelecting()
    case .findOlder: findNext(.older)
    case .findNewer: findNext(.newer)
    case .deleteForwardOrQuit where draft.isEmpty:
      if turn == nil { return [.quit(0)] }
      show("\(Keymap.name(of: action)) quits when the answer has ended; /quit quits now")
    // Escape is handled before, scrolling by `Chat`.
    case .escape, .pageUp, .pageDown, .top, .bottom, .lineUp, .lineDown, .complete, .completeBack, .up, .down:
      break
    default: edit(action)
    }
    return []
  }

  private mutating func interrupt() -> [ChatEffect] {
    let wasAsked = askedToQuit.map { now - $0 < Self.repeatTime } ?? false
    askedToQuit = nil
    helpScroll = nil
    let decision = InterruptDecision.decide(
      draftIsEmpty: draft.isEmpty, isAnswering: turn != nil,
      isLoading: isLoadCancellable,
      isDownloading: download.map { !$0.isStopping } ?? false, wasAsked: wasAsked)
    switch decision {
    case .clearDraft:
      editing = nil
      // The draft can be restored by Ctrl-Y, by undo and by Up.
      let text = draft.text
      edit { $0.kill(0..<$0.elements.count) }
      history.add(text)
    case .stopAnswer: return stopAnswer()
    case .cancelLoading: return cancelLoading()
    case .stopDownload: return stopDownload()
    case .askToQuit:
      askedToQuit = now
      show("Press Ctrl-C again to quit", for: Self.repeatTime)
    case .quit: return [.quit(0)]
    }
    return []
  }

  private mutating func performInSearch(_ action: Action) -> [ChatEffect]? {
    switch action {
    case .historySearch, .up:
      search?.older(in: history.entries)
      return []
    case .deleteBack:
      search?.deleteBack(in: history.entries)
      return []
    case .interrupt:
      if let search { draft = search.draft }
      search = nil
      return []
    default:
      // Any other key accepts the match; only a second Enter sends it.
      if let found = search?.found(in: history.entries) { draft.set(found) }
      search = nil
      return action == .send || action == .complete ? [] : nil
    }
  }

  private mutating func perform(_ action: Action, in menu: Menu) -> [ChatEffect]? {
    let count = menu.items.count
    let marked = selection(in: menu)
    if menu.command == .attach, action == .complete || action == .send {
      return takeFile(menu.items[marked])
    }
    if menu.command == .save {
      // Enter writes the file as it is named, unless the user selected one of the menu.
      if action == .complete || action == .send && menuSelection != nil {
        return takeFile(menu.items[marked])
      }
      if action == .send { return submit() }
    }
    switch action {
    case .up, .completeBack: menuSelection = (marked + count - 1) % count
    case .down: menuSelection = (marked + 1) % count
    case .complete:
      let item = menu.items[marked]
      if item.completed == draft.text {
        menuSelection = (marked + 1) % count
      } else {
        draft.set(item.completed)
      }
      menuClosedFor = nil
    case .send:
      let item = menu.items[marked]
      // A complete name takes precedence over the preferred item, unless the user selected an item.
      let typed = draft.text
      let isWhole = typed == "/" + (CommandEntry.named(String(typed.dropFirst()))?.name ?? "\n")
      if menu.command == nil, isWhole, menuSelection == nil, item.isComplete { return submit() }
      draft.set(item.completed)
      menuSelection = nil
      return item.isComplete ? submit() : []
    default: return nil
    }
    return []
  }

  /// Sends the draft, or runs it if it is a command.
  package mutating func submit() -> [ChatEffect] {
    helpScroll = nil
    let text = draft.text
    if text.allSatisfy(\.isWhitespace) { return [] }
    switch SubmittedLine.parse(text) {
    case .message(let text): return submit(message: text)
    case .command(let command, let argument):
      draft.clear()
      history.add(text)
      return [.appendHistory(text)] + run(command, argument)
    case .unknown(let name, let nearest):
      let hint = nearest.map { " Did you mean /\($0)?" } ?? " /help lists them."
      show("There is no command /\(name).\(hint)")
      return []
    }
  }
}
