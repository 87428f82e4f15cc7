/// The moves that a person makes on a conversation, in terms of turns (a question and its answer).
extension MessageTree {
  /// The last message of the path with the given role.
  public func last(_ role: Role) -> ID? {
    path.last { nodes[$0.index].message.role == role }
  }

  /// Takes the last turn off the path: the last message of the person and all that follows. It stays in the tree.
  ///
  /// Returns the person's text, nil when there was no such turn.
  @discardableResult
  public mutating func undoTurn() -> String? {
    guard let question = last(.user), let text = self[question]?.content else { return nil }
    rewind(before: question)
    return text
  }

  /// Makes ready for another answer to the last question: the path ends with that question again.
  ///
  /// Returns false when there is nothing to answer anew.
  public mutating func rewindAnswer() -> Bool {
    guard let question = last(.user) else { return false }
    let after = path.drop { $0 != question }.dropFirst()
    guard let answer = after.first else { return true }
    rewind(before: answer)
    return true
  }
}
