import Conversation

/// Menus of what was said: sessions, branches, and the caches of both.
extension Menu {
  static func sessions(_ command: Command, _ typed: String, _ facts: Facts) -> Menu {
    // By title for a person who types, by identifier for one that was completed.
    let items = ranked(facts.sessions, typed) { "\($0.title) \($0.id)" }.map { session in
      let state = session.id == facts.currentSession ? "open · " : ""
      return Item(
        title: VisibleText.singleLine(session.title), detail: state + session.facts(at: facts.sessionsAt),
        completed: "/\(command.rawValue) \(session.id)", isComplete: true)
    }
    return Menu(command: command, items: items)
  }

  static func branches(_ typed: String, _ facts: Facts) -> Menu {
    let items = facts.branches.filter { typed.isEmpty || String($0.number).hasPrefix(typed) }.map { branch in
      Item(
        title: "\(branch.number)  \(branch.opening)",
        detail: branch.place + (branch.isCurrent ? ", shown" : ""), completed: "/branch \(branch.number)",
        isComplete: true)
    }
    let current = facts.branches.firstIndex(where: \.isCurrent)
    return Menu(command: .branch, items: items, preferred: typed.isEmpty ? current ?? 0 : 0)
  }

  static func caches(_ typed: String) -> Menu {
    let items = ranked(["clear"], typed, name: \.self).map {
      Item(title: $0, detail: "give all prompt caches back", completed: "/cache \($0)", isComplete: true)
    }
    return Menu(command: .cache, items: items)
  }
}

/// One way on at a branch point of the conversation, as `/branch` numbers them: the last point first.
package struct BranchChoice: Sendable, Equatable {
  package var id: MessageTree.ID
  package var number: Int
  /// Its first words.
  package var opening: String
  /// "answer 2 of 3".
  package var place: String
  package var isCurrent: Bool

  /// Every choice that a conversation has.
  package static func all(in tree: MessageTree) -> [BranchChoice] {
    var all: [BranchChoice] = []
    for point in tree.branchPoints {
      for (index, id) in point.choices.enumerated() {
        guard let message = tree[id] else { continue }
        let kind = message.role == .assistant ? "answer" : "message"
        let place = point.current == nil ? "taken back" : "\(kind) \(index + 1) of \(point.choices.count)"
        let words = message.content.isEmpty ? message.reasoning : message.content
        all.append(
          BranchChoice(
            id: id, number: all.count + 1, opening: VisibleText.singleLine(SessionTitle.of(words)),
            place: place, isCurrent: id == point.current))
      }
    }
    return all
  }
}
