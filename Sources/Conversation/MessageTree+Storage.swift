/// Conversion of a tree to parts for storage, and back from parts that may be invalid.
extension MessageTree {
  /// A message and its links in the tree, as values of `ID.index`.
  struct Part: Sendable, Equatable {
    var message: Message
    var parent: Int?
    /// The child on the selected path.
    var chosen: Int?
  }

  /// The error for parts that form no tree.
  struct Malformed: Error, CustomStringConvertible {
    var description: String
  }

  /// The number of messages in all branches.
  public var messageCount: Int { nodes.count }

  /// The text of the first message that was added; nil before there is one.
  public var opening: String? { nodes.first?.message.content }

  /// The part with this index.
  func part(at place: Int) -> Part {
    let node = nodes[place]
    return Part(message: node.message, parent: node.parent?.index, chosen: node.chosen?.index)
  }

  /// The tree of these parts, in the order in which they were added.
  /// - Throws: `Malformed` unless every parent precedes its children and every choice is a child.
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
        throw Malformed(description: "the next message of message \(place) is not one of its replies")
      }
      nodes[place].chosen = ID(index: chosen)
    }
    if let head {
      guard parts.indices.contains(head) else { throw Malformed(description: "its last message is missing") }
      self.head = ID(index: head)
    }
  }

  /// Marks answers as failed that were incomplete when the process ended.
  public mutating func endInterruptedAnswers() {
    for place in nodes.indices where nodes[place].message.role == .assistant {
      if nodes[place].message.finish == nil { nodes[place].message.finish = .failed }
    }
    // An empty answer is removed from the path.
    if let head, let message = self[head], message.finish == .failed, message.role == .assistant,
      message.content.isEmpty, message.reasoning.isEmpty
    {
      rewind(before: head)
    }
  }
}
