/// The action of Ctrl-C.
package enum InterruptDecision: Sendable, Equatable {
  case clearDraft
  case stopAnswer
  case cancelLoading
  case stopDownload
  case askToQuit
  case quit

  /// Clears the draft first, then stops the answer, then the load of a model, then the download; then two presses quit.
  package static func decide(
    draftIsEmpty: Bool, isAnswering: Bool, isLoading: Bool, isDownloading: Bool, wasAsked: Bool
  ) -> InterruptDecision {
    if !draftIsEmpty { return .clearDraft }
    if isAnswering { return .stopAnswer }
    if isLoading { return .cancelLoading }
    if isDownloading { return .stopDownload }
    return wasAsked ? .quit : .askToQuit
  }
}

/// The action of "answer now".
package enum AnswerNowDecision: Sendable, Equatable {
  case closeReasoning
  /// It was already requested, and takes effect with the next token.
  case wait
  /// No reasoning is being generated.
  case nothing

  package static func decide(_ turn: TurnProgress?) -> AnswerNowDecision {
    guard let turn, turn.phase == .thinking, !turn.isStopping else { return .nothing }
    return turn.answerNowRequested ? .wait : .closeReasoning
  }
}

/// The action of Esc.
package enum EscapeDecision: Sendable, Equatable {
  /// Closes a panel, menu or search.
  case closeOverlay
  case stopAnswer
  /// Ends the load of a model.
  case cancelLoading
  /// Cancels the edit of a message.
  case cancelEdit
  case editLastMessage
  /// Waits for a second press.
  case wait

  package static func decide(
    hasOverlay: Bool, isAnswering: Bool, isLoading: Bool, isEditing: Bool, draftIsEmpty: Bool,
    wasPressed: Bool
  ) -> EscapeDecision {
    if hasOverlay { return .closeOverlay }
    if isAnswering { return .stopAnswer }
    if isLoading { return .cancelLoading }
    if isEditing { return .cancelEdit }
    return draftIsEmpty && wasPressed ? .editLastMessage : .wait
  }
}
