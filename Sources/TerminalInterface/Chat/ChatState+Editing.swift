/// The editing keys of the composer.
extension ChatState {
  /// Applies an editing action to the draft.
  package mutating func edit(_ action: Action) {
    switch action {
    case .left: draft.move(to: draft.cursor - 1)
    case .right: draft.move(to: draft.cursor + 1)
    case .lineStart: draft.move(to: draft.lineRange.lowerBound)
    case .lineEnd: draft.move(to: draft.lineRange.upperBound)
    case .wordLeft: draft.move(to: draft.wordStart)
    case .wordRight: draft.move(to: draft.wordEnd)
    case .newline: edit { $0.insert("\n") }
    case .deleteBack: edit { $0.remove($0.cursor - 1..<max($0.cursor, 0)) }
    case .deleteForward, .deleteForwardOrQuit: edit { $0.remove($0.cursor..<$0.cursor + 1) }
    case .killWordBack: edit { $0.kill($0.spacedWordStart..<$0.cursor) }
    case .killWordBackward: edit { $0.kill($0.wordStart..<$0.cursor) }
    case .killWordForward: edit { $0.kill($0.cursor..<$0.wordEnd) }
    case .killToEnd: edit { $0.kill($0.restOfLine) }
    case .killToStart: edit { $0.kill($0.lineRange.lowerBound..<$0.cursor) }
    case .yank: edit { $0.yank() }
    case .yankEarlier: edit { $0.yankEarlier() }
    case .undo: restore(edits.undo(draft), "There is nothing to undo in the draft")
    case .redo: restore(edits.redo(draft), "There is nothing to redo in the draft")
    default: break
    }
  }

  // The killed text belongs to the composer, not to a state of the draft.
  private mutating func restore(_ earlier: Draft?, _ message: String) {
    guard let earlier else {
      show(message)
      return
    }
    draft.restore(earlier)
    (menuSelection, menuClosedFor) = (nil, nil)
    history.endBrowsing()
  }

  // A queued message becomes the draft. A draft that is already there is what Down brings back, as in the history.
  private mutating func takeBack(_ message: Draft) {
    if !draft.isEmpty {
      history.add(message.text)
      _ = history.older(than: draft)
      edits.record(draft, message)
      show("The queued message was taken back; Down brings the draft back")
    }
    let kept = history
    draft.restore(message)
    history = kept
    menuSelection = nil
    menuClosedFor = draft.text
  }

  /// Moves a row up or down in the draft, and at its edge through the history. `width` is the width of the composer.
  package mutating func moveVertically(by rows: Int, width: Int) {
    let layout = ComposerLayout(draft, width: width)
    let place = layout.cursor
    let target = place.row + rows
    if rows < 0, draft.isEmpty || target < 0 && history.place == nil, let last = queued.popLast() {
      takeBack(last)
      return
    }
    guard layout.rows.indices.contains(target) else {
      if let recalled = rows < 0 ? history.older(than: draft) : history.newer() {
        let kept = history
        // The first step from a draft can be undone, also after the recalled message was edited.
        if kept.isAtNewest, rows < 0, !draft.isEmpty { edits.record(draft, recalled) }
        draft = recalled
        history = kept
        menuSelection = nil
        // A recalled command opens no menu, so Up and Down continue through the history.
        menuClosedFor = draft.text
      } else {
        draft.move(to: rows < 0 ? 0 : draft.elements.count)
      }
      return
    }
    let column = draft.goalColumn ?? place.column
    draft.move(to: layout.element(row: target, column: column))
    draft.goalColumn = column
  }
}
