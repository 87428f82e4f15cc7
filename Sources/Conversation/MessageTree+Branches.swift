/// Moving between the wordings of a turn.
extension MessageTree {
  /// A place where the conversation could go on in another way than it does.
  public struct BranchPoint: Sendable, Equatable {
    /// What could stand there, in the order in which it was added.
    public var choices: [ID]
    /// The one that is on the path; nil behind its end, where what was taken back can be found again.
    public var current: ID?

    package init(choices: [ID], current: ID?) {
      self.choices = choices
      self.current = current
    }
  }

  /// The places where there is something to choose, the last one first. Answers that never began are left out.
  public var branchPoints: [BranchPoint] {
    let next = (head.map { nodes[$0.index].children } ?? roots).filter(isWorthShowing)
    var points = next.isEmpty ? [] : [BranchPoint(choices: next, current: nil)]
    for id in path.reversed() {
      let choices = siblings(of: id).filter { $0 == id || isWorthShowing($0) }
      if choices.count > 1 { points.append(BranchPoint(choices: choices, current: id)) }
    }
    return points
  }

  private func isWorthShowing(_ id: ID) -> Bool {
    let message = nodes[id.index].message
    return message.role != .assistant || !message.content.isEmpty || !message.reasoning.isEmpty
      || message.finish == .stop
  }
}
