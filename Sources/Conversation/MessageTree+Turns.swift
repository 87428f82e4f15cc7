/// Operations on turns (a user message and its answer).
extension MessageTree {
  /// The last message of the path with this role.
  public func last(_ role: Role) -> ID? {
    path.last { nodes[$0.index].message.role == role }
  }

  /// Removes the last turn from the path: the user's last message and everything after it. It stays in the tree.
  ///
  /// Returns the text of the message; nil when there was no turn.
  @discardableResult
  public mutating func undoTurn() -> String? {
    guard let question = last(.user), let text = self[question]?.content else { return nil }
    rewind(before: question)
    return text
  }

  /// Removes the answer to the user's last message from the path, so that another answer can be added.
  ///
  /// Returns false when there is no user message.
  public mutating func rewindAnswer() -> Bool {
    guard let question = last(.user) else { return false }
    let after = path.drop { $0 != question }.dropFirst()
    guard let answer = after.first else { return true }
    rewind(before: answer)
    return true
  }
}
