/// Taking a tree apart for storage, and putting it together from parts that may be wrong.
extension MessageTree {
  /// A message and its place in the tree. Places are those of `ID.index`.
  struct Part: Sendable, Equatable {
    var message: Message
    var parent: Int?
    /// The child that the path goes on to.
    var chosen: Int?
  }

  /// Parts that make no tree; the description says why.
  struct Malformed: Error, CustomStringConvertible {
    var description: String
  }

  /// Messages of all branches.
  public var messageCount: Int { nodes.count }

  /// What the very first message says, whatever became of it; nil before there is one.
  public var opening: String? { nodes.first?.message.content }

  /// The message at a place, with what ties it to others.
  func part(at place: Int) -> Part {
    let node = nodes[place]
    return Part(message: node.message, parent: node.parent?.index, chosen: node.chosen?.index)
  }

  /// The tree of these parts, in the order in which they were added.
  /// - Throws: `Malformed` unless every parent stands before its children and every choice is a child.
  init(parts: [Part], head: Int?, systemPrompt: String?) throws {
    self.init(systemPrompt: systemPrompt)
    for (place, part) in parts.enumerated() {
      let id = ID(index: place)
      if let parent = part.parent {
        guard parent >= 0, parent < place else {
          throw Malformed(description: "message \(place) has no parent")
        }
        nodes[parent].children.append(id)
      } else {
        roots.append(id)
      }
      nodes.append(Node(message: part.message, parent: part.parent.map(ID.init)))
    }
    for (place, part) in parts.enumerated() {
      guard let chosen = part.chosen else { continue }
      guard parts.indices.contains(chosen), parts[chosen].parent == place else {
        throw Malformed(description: "message \(place) goes on to a message that does not follow it")
      }
      nodes[place].chosen = ID(index: chosen)
    }
    if let head {
      guard parts.indices.contains(head) else { throw Malformed(description: "its last message is missing") }
      self.head = ID(index: head)
    }
  }

  /// Ends the answers that were being written when the program that wrote them was lost.
  public mutating func endInterruptedAnswers() {
    for place in nodes.indices where nodes[place].message.role == .assistant {
      if nodes[place].message.finish == nil { nodes[place].message.finish = .failed }
    }
    // One that never began is no part of the conversation.
    if let head, let message = self[head], message.finish == .failed, message.role == .assistant,
      message.content.isEmpty, message.reasoning.isEmpty
    {
      rewind(before: head)
    }
  }
}
