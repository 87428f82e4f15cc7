import Conversation

/// Switching between the branches of the conversation.
extension ChatState {
  /// The branches as text, for the line mode.
  package var branchList: String {
    let lines = BranchChoice.all(in: conversation).map {
      "\($0.isCurrent ? "◆" : " ") \($0.number)  \($0.opening)  (\($0.place))"
    }
    return lines.isEmpty ? "There are no branches yet." : lines.joined(separator: "\n")
  }

  /// Switches to another branch: the next or previous one at the last branch point, or one by its number.
  package mutating func selectBranch(_ argument: String) {
    let choices = BranchChoice.all(in: conversation)
    guard !choices.isEmpty else {
      show("There are no branches yet: /regen and /edit create them")
      return
    }
    if argument.isEmpty {
      draft.set("/branch ")
      return
    }
    let step = ["next": 1, "previous": -1][argument.lowercased()]
    let target: MessageTree.ID?
    if let step, let point = conversation.branchPoints.first {
      let count = point.choices.count
      let current = point.current.flatMap { point.choices.firstIndex(of: $0) } ?? (step > 0 ? -1 : count)
      target = point.choices[(current + step + count) % count]
    } else {
      target = Int(argument).flatMap { number in choices.first { $0.number == number }?.id }
    }
    guard let target else {
      show("/branch takes next, previous, or a number from 1 to \(choices.count)")
      return
    }
    conversation.select(target)
    transcript.showPath(conversation.path)
    (scroll, statistics, editing) = (.live, nil, nil)
    if let shown = BranchChoice.all(in: conversation).first(where: { $0.id == target }) {
      show("\(shown.place.prefix(1).uppercased())\(shown.place.dropFirst())")
    }
  }
}

/// One branch at a branch point of the conversation, numbered as in `/branch`: the last point first.
package struct BranchChoice: Sendable, Equatable {
  package var id: MessageTree.ID
  package var number: Int
  /// The first words of its message.
  package var opening: String
  /// "answer 2 of 3".
  package var place: String
  package var isCurrent: Bool

  /// All branches of a conversation.
  package static func all(in tree: MessageTree) -> [BranchChoice] {
    var all: [BranchChoice] = []
    for point in tree.branchPoints {
      for (index, id) in point.choices.enumerated() {
        guard let message = tree[id] else { continue }
        let kind = message.role == .assistant ? "answer" : "message"
        let place = point.current == nil ? "undone" : "\(kind) \(index + 1) of \(point.choices.count)"
        let words = Self.words(of: message)
        let shared = Self.sharedLength(words, point.choices.filter { $0 != id }.compactMap { tree[$0] })
        let opening =
          shared < 20 ? SessionTitle.of(words) : "… " + SessionTitle.of(String(words.dropFirst(shared)))
        all.append(
          BranchChoice(
            id: id, number: all.count + 1, opening: VisibleText.singleLine(opening),
            place: place, isCurrent: id == point.current))
      }
    }
    return all
  }

  private static func words(of message: Message) -> String {
    message.content.isEmpty ? message.reasoning : message.content
  }

  // The characters up to the last word that is common with another version: those that begin alike are told apart by
  // what follows.
  private static func sharedLength(_ words: String, _ others: [Message]) -> Int {
    let start = words.prefix(4000)
    let lengths = others.map { zip(start, Self.words(of: $0)).prefix { $0 == $1 }.count }
    guard let length = lengths.max(), length < words.count else { return 0 }
    return start.prefix(length).lastIndex { $0.isWhitespace }.map {
      start.distance(from: start.startIndex, to: $0)
    } ?? 0
  }
}
