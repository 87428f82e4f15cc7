import Conversation

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
