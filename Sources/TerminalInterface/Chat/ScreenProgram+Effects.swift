import Basics
import CNcurses

/// What the chat asks of the terminal and of files.
extension ScreenProgram {
  // The draft of the resumed session, or the one of a chat that ended before it was saved.
  func restoreDraft() {
    guard let session = chat.state.savedSession else { return }
    if isResumed { restorePlace(session) }
    let found =
      isResumed ? drafts.load(session) : drafts.takeAbandoned()
    if let found { perform(chat.handle(.draftFound(found, session: session), now: TerminalPoll.now())) }
  }

  func restorePlace(_ session: String) {
    guard let place = places.load(session) else { return }
    perform(chat.handle(.placeFound(place, session: session), now: TerminalPoll.now()))
  }

  // The editor has the terminal meanwhile; the answer continues.
  func edit(_ text: String) {
    pause()
    let (edited, problem) = Editor.edit(text, environment: environment, files.folders)
    let now = TerminalPoll.now()
    // Ctrl-C in the editor is not meant for the chat.
    let signals = signals_take() & Int32(SIGNALS_QUIT)
    if signals != 0 { exitCode = 143 }
    resume()
    chat.resize(screen.size)
    perform(chat.handle(.draftEdited(edited, problem: problem), now: now))
    isDirty = true
  }

  func perform(_ effects: [ChatEffect]) {
    for effect in effects where !worker.start(effect) {
      if let event = files.event(of: effect) {
        perform(chat.handle(event, now: TerminalPoll.now()))
        continue
      }
      switch effect {
      case .copy(let text): screen.writeRaw(Clipboard.sequence(for: text))
      case .save(let path, let text): chat.show(SavedFile.write(text, to: path), now: TerminalPoll.now())
      case .saveDraft(let session, let draft, let isNew): drafts.save(draft, of: session, isNew: isNew)
      case .loadDraft(let session):
        if let draft = drafts.load(session) {
          perform(chat.handle(.draftFound(draft, session: session), now: TerminalPoll.now()))
        }
      case .savePlace(let session, let place): places.save(place, of: session)
      case .loadPlace(let session): restorePlace(session)
      case .editDraft(let text): edit(text)
      case .appendHistory(let text): history?.append(text)
      case .removeHistory(let texts): history?.remove(texts)
      case .suspend: suspend()
      case .repaint: screen.repaint()
      case .quit(let code): exitCode = code
      default: break
      }
    }
  }
}
