import Conversation

/// The inputs of the chat.
package enum ChatEvent: Sendable {
  case input(TerminalInput)
  /// An engine event for the turn with this number.
  case engine(turn: Int, EngineEvent)
  case models([ModelSummary], current: ModelInfo?, settings: ChatSettings)
  case modelLoaded(ModelInfo, ChatSettings)
  /// A model that takes long to load is loaded to this percentage.
  case modelLoading(percent: Int)
  /// The user cancelled the load of a model.
  case loadCancelled(name: String)
  case download(DownloadEvent)
  /// The contents of the prompt caches.
  case caches(CacheReport)
  /// The prompt caches were released: bytes, or nil when the engine has no caches.
  case cachesCleared(Int?)
  /// The saved sessions at a time, in seconds since 1970.
  case sessions([SessionSummary], at: Double)
  /// The session of an `openSession` request.
  case sessionOpened(Session, request: Int)
  /// The engine has prepared the session with this identifier.
  case sessionReady(String)
  /// The session that `/delete NAME` refers to.
  case sessionFound(SessionSummary)
  /// A session was deleted, with the texts that it may have left in the input history.
  case sessionDeleted(String, texts: Set<String> = [])
  /// A request to the session store failed; `request` is that of `openSession`.
  case sessionFailed(String, request: Int? = nil)
  case sessionSaved(String, SessionStore.Outcome)
  /// The messages that contain a text.
  case sessionHits([SessionHit], text: String)
  /// The probabilities of an answer's tokens.
  case inspected([InspectedToken], message: MessageTree.ID)
  case inspectionFailed(String)
  /// The model's reply to a request for a title; nil for none.
  case titleProposed(String?, session: String)
  case modelFailed(name: String, message: String)
  /// The files for a path in the composer.
  case files(FileListing)
  /// The text of a file that was attached.
  case attached(Result<FileAttachment, FileAttachment.Problem>)
  /// The draft of a session that was found on disk.
  case draftFound(Draft, session: String)
  /// The place at which a session was left.
  case placeFound(ReadingPlace, session: String)
  /// The draft after it was edited in another program, or the problem.
  case draftEdited(String?, problem: String?)
  /// A preset was read, or written.
  case presetLoaded(String, Result<UserSettings.Values, SettingsFile.Problem>)
  case presetSaved(String, problem: String?)
  /// These settings were written to settings.toml, or the problem.
  case settingsSaved(UserSettings.Values, problem: String?)
  /// A message of another component for the user.
  case note(String, isError: Bool)
  /// The output of a command of the shell that `ChatEffect.pipe` started.
  case piped(String, isError: Bool)
  case quit(Int32)
}

extension ChatEvent {
  /// The same events with one delta and one progress event for those that follow each other in a turn: a thousand
  /// tokens between two frames are handled as one.
  package static func coalesced(_ events: [ChatEvent]) -> [ChatEvent] {
    var result: [ChatEvent] = []
    for event in events {
      guard case .engine(let turn, let new) = event else {
        result.append(event)
        continue
      }
      var hasProgress = false
      if case .engine(turn, .progress)? = result.last { hasProgress = true }
      // The statistics of a delta follow it.
      let place = result.count - (hasProgress ? 2 : 1)
      if case .progress = new, hasProgress {
        result[result.count - 1] = event
      } else if case .delta(let channel, let text) = new, place >= 0,
        case .engine(turn, .delta(channel, let before)) = result[place]
      {
        result[place] = .engine(turn: turn, .delta(channel, before + text))
      } else {
        result.append(event)
      }
    }
    return result
  }
}

/// The requests of the chat to the engine, the session store and the terminal; the program executes them in order.
package enum ChatEffect: Sendable, Equatable {
  case send(turn: Int, ChatRequest)
  case cancel
  /// Stops one of several answers.
  case cancelTurn(Int)
  case answerNow
  case switchModel(String)
  case cancelLoading
  /// Downloads a model by name.
  case download(String)
  case stopDownload
  /// Lists the models again, with what each has cached of a conversation; nil for no conversation, which must be encoded
  /// for every model.
  case refreshModels(for: ChatRequest?)
  case readAhead(ChatRequest)
  /// Prefills the whole prompt of a draft that has rested.
  case prefillTurn(ChatRequest)
  /// Computes the probabilities of the tokens of the last message, an answer.
  case inspect(ChatRequest, message: MessageTree.ID)
  /// Asks the model for a title of the conversation while nothing else is to do, or ends that.
  case proposeTitle(ChatRequest)
  case cancelTitle
  case reportCaches(session: String)
  case clearCaches
  case listSessions
  /// Finds the messages of all sessions that contain these words.
  case searchSessions(String)
  /// Loads the session with this identifier or title, or a unique prefix of one.
  case openSession(String, request: Int)
  /// Finds the session that is to be deleted.
  case findSession(String)
  case deleteSession(String)
  case saveSession(Session)
  /// Makes the engine prepare a session, and closes another.
  case activateSession(session: String, closing: String?)
  /// Copies to the clipboard by OSC 52.
  case copy(String)
  case save(path: String, text: String)
  /// Runs a command of the shell with this text on its standard input.
  case pipe(String, text: String)
  /// Lists the files for a path in the composer.
  case listFiles(String)
  /// Reads a file, a folder or the files of a pattern, to attach them.
  case attach(String)
  /// Writes the draft of a session to disk; an empty one is removed.
  case saveDraft(session: String, Draft, isNew: Bool)
  /// Reads the draft of a session from disk.
  case loadDraft(session: String)
  /// Writes the place at which a session is read, or removes it.
  case savePlace(session: String, ReadingPlace?)
  /// Reads the place at which a session was left.
  case loadPlace(session: String)
  /// Opens the draft in the user's editor.
  case editDraft(String)
  /// Reads a preset, or writes one.
  case loadPreset(String)
  case savePreset(String, UserSettings.Values)
  /// Writes these settings to settings.toml; "auto" removes one.
  case saveSettings(UserSettings.Values)
  /// Appends to the history file.
  case appendHistory(String)
  /// Removes entries from the history file.
  case removeHistory(Set<String>)
  case suspend
  case repaint
  case quit(Int32)
}
