/// What Ctrl-C does, decided from three facts.
package enum InterruptDecision: Sendable, Equatable {
  case clearDraft
  case stopAnswer
  case askToQuit
  case quit

  /// The draft goes first, then the answer; only then the program, and only when asked twice.
  package static func decide(draftIsEmpty: Bool, isAnswering: Bool, wasAsked: Bool) -> InterruptDecision {
    if !draftIsEmpty { return .clearDraft }
    if isAnswering { return .stopAnswer }
    return wasAsked ? .quit : .askToQuit
  }
}

/// What asking for the answer now does.
package enum AnswerNowDecision: Sendable, Equatable {
  case closeThoughts
  /// It was asked for already, and takes a token.
  case wait
  /// No thoughts are being written.
  case nothing

  package static func decide(_ turn: TurnProgress?) -> AnswerNowDecision {
    guard let turn, turn.phase == .thinking, !turn.isStopping else { return .nothing }
    return turn.isToAnswerNow ? .wait : .closeThoughts
  }
}

/// What Esc does.
package enum EscapeDecision: Sendable, Equatable {
  /// A panel, menu or search goes away.
  case closeOverlay
  case stopAnswer
  /// The message that is being edited stays as it was.
  case cancelEdit
  case editLastMessage
  /// The first of two.
  case wait

  package static func decide(
    hasOverlay: Bool, isAnswering: Bool, isEditing: Bool, draftIsEmpty: Bool, wasPressed: Bool
  ) -> EscapeDecision {
    if hasOverlay { return .closeOverlay }
    if isAnswering { return .stopAnswer }
    if isEditing { return .cancelEdit }
    return draftIsEmpty && wasPressed ? .editLastMessage : .wait
  }
}
