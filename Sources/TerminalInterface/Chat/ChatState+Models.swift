import Conversation

/// The list of models, and the models that were loaded.
extension ChatState {
  /// Updates the list of models.
  package mutating func updateModels(
    _ models: [ModelSummary], _ current: ModelInfo?, _ defaults: ChatSettings
  ) {
    self.models = models
    knowsModels = true
    if model == nil, let current {
      model = current
      self.defaults = defaults
      refreshSettings()
    }
    if model == nil, loading == nil, draft.isEmpty, !queued.isEmpty {
      draft = queued.removeFirst()
      show("No model is loaded: choose one with /model")
    }
    if pendingReplies.remove(.models) != nil { showNotice(modelList) }
  }

  /// The conversation for a list of models; nil unless the menu shows what each has cached.
  private var listedConversation: ChatRequest? { shownList == .models ? request : nil }

  /// A model was loaded; a message that waited for it is sent.
  package mutating func loaded(_ info: ModelInfo, _ defaults: ChatSettings) -> [ChatEffect] {
    let isSwitch = model != nil && model?.name != info.name
    model = info
    // The user's settings stay; the defaults of the old model are replaced by those of the new one.
    self.defaults = defaults
    refreshSettings()
    loading = nil
    if isSwitch && !conversation.isEmpty {
      let writing = turn?.model.map { "\($0.name) finishes this answer; " }
      show("\(writing ?? "")\(info.name) answers the next message")
    }
    // Once, not at every switch to a model in memory.
    if let notice = info.notice, models.first(where: { $0.name == info.name })?.isResident != true {
      transcript.addNotice(notice)
    }
    // A running answer continues with its own model.
    if turn == nil { statistics = nil }
    guard let turn, turn.phase == .loading else { return [.refreshModels(for: listedConversation)] }
    // The empty answer is not part of the request.
    let request = ChatRequest(
      messages: conversation.messages.dropLast(), settings: settings, session: session.id)
    conversation.update(turn.answer) { $0.model = info.name }
    self.turn = TurnProgress(
      id: turn.id, answer: turn.answer, model: info, phase: .waiting, started: turn.started,
      origin: turn.origin)
    return [.refreshModels(for: listedConversation), .send(turn: turn.id, request)]
  }

  /// Whether a model is loading that the user has not cancelled.
  package var isLoadCancellable: Bool { loading != nil && !isLoadCancelled }

  /// Ends the load of a model.
  package mutating func cancelLoading() -> [ChatEffect] {
    isLoadCancelled = true
    return [.cancelLoading]
  }

  /// The user cancelled the load of a model; the current model, if there is one, stays.
  package mutating func loadCancelled(_ name: String) {
    loading = nil
    if let turn, turn.phase == .loading { finish(turn, .cancelled) }
    show("\(name) was not loaded" + (model == nil ? ": choose a model with /model" : ""))
  }

  /// A model could not be loaded; the current model, if there is one, stays.
  package mutating func failedToLoad(_ name: String, _ message: String) {
    loading = nil
    if let turn, turn.phase == .loading { finish(turn, .failed) }
    // Most messages start with the name or the path that failed.
    transcript.addNotice(message.hasPrefix(name) ? message : "\(name): \(message)", .error)
  }
}
