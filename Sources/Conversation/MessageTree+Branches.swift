/// The branch points of a conversation.
extension MessageTree {
  /// A position of the path with more than one possible continuation.
  public struct BranchPoint: Sendable, Equatable {
    /// The alternatives, in the order in which they were added.
    public var choices: [ID]
    /// The alternative on the path; nil after its end, for messages that were undone.
    public var current: ID?

    package init(choices: [ID], current: ID?) {
      self.choices = choices
      self.current = current
    }
  }

  /// The positions with alternatives, the last one first. Empty answers are omitted.
  public var branchPoints: [BranchPoint] {
    let next = (head.map { nodes[$0.index].children } ?? roots).filter(isVisibleChoice)
    var points = next.isEmpty ? [] : [BranchPoint(choices: next, current: nil)]
    for id in path.reversed() {
      let choices = siblings(of: id).filter { $0 == id || isVisibleChoice($0) }
      if choices.count > 1 { points.append(BranchPoint(choices: choices, current: id)) }
    }
    return points
  }

  private func isVisibleChoice(_ id: ID) -> Bool {
    let message = nodes[id.index].message
    return message.role != .assistant || !message.content.isEmpty || !message.reasoning.isEmpty
      || message.finish == .stop
  }
}
