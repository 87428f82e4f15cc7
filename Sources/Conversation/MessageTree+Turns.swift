/// Operations on turns (a user message and its answer).
extension MessageTree {
  /// The user's messages of all branches.
  public var userTexts: Set<String> {
    Set(nodes.lazy.map(\.message).filter { $0.role == .user }.map(\.content))
  }

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

  /// Starts another branch at the root with copies of these messages; all others stay in the tree.
  public mutating func restart(with ids: [ID], _ change: (inout Message) -> Void = { _ in }) {
    var copies = ids.compactMap { self[$0] }
    head = nil
    for place in copies.indices {
      change(&copies[place])
      append(copies[place])
    }
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

  /// Removes the user's last message from the tree if it has no answer.
  ///
  /// Returns its text; nil when the path does not end with such a message.
  public mutating func removeUnansweredMessage() -> String? {
    guard let last = head, let message = self[last], message.role == .user else { return nil }
    rewind(before: last)
    let isUsed = nodes[last.index].children.contains { !isEmptyAnswer($0) }
    if !isUsed {
      // Only the nodes at the end of the array can be removed, because identifiers are indices.
      while nodes.count > last.index, let end = nodes.indices.last.map(ID.init),
        end == last || nodes[end.index].parent == last
      {
        removeNewest(end)
      }
    }
    return message.content
  }

  private func isEmptyAnswer(_ id: ID) -> Bool {
    let message = nodes[id.index].message
    return message.role == .assistant && message.content.isEmpty && message.reasoning.isEmpty
  }

  private mutating func removeNewest(_ id: ID) {
    let node = nodes.removeLast()
    guard let parent = node.parent else {
      roots.removeAll { $0 == id }
      return
    }
    nodes[parent.index].children.removeAll { $0 == id }
    if nodes[parent.index].chosen == id { nodes[parent.index].chosen = nodes[parent.index].children.last }
  }
}
