/// A conversation as a tree: an edited message or another answer becomes a sibling, and nothing is lost.
///
/// The path from the root to `head` is the prompt. Nodes are stored in one array in the order in which they were added,
/// so an identifier is an index that never changes. Adding and lookup are O(1), the path is O(its length).
public struct MessageTree: Sendable, Equatable {
  /// The identifier of a message in its tree.
  public struct ID: Hashable, Sendable, Codable {
    /// The position in the order of creation, from zero.
    public let index: Int

    package init(index: Int) { self.index = index }
  }

  struct Node: Sendable, Equatable {
    var message: Message
    var parent: ID?
    var children: [ID] = []
    /// The selected child.
    var chosen: ID?
  }

  var nodes: [Node] = []
  var roots: [ID] = []
  /// The last message of the path that is shown; nil when the conversation is empty.
  public internal(set) var head: ID?
  /// Instructions before the first message; nil or empty for none.
  public var systemPrompt: String?

  /// An empty conversation.
  public init(systemPrompt: String? = nil) { self.systemPrompt = systemPrompt }

  /// The message with this identifier; nil when the tree has none.
  public subscript(id: ID) -> Message? {
    nodes.indices.contains(id.index) ? nodes[id.index].message : nil
  }

  /// The identifiers from the first message to `head`.
  public var path: [ID] {
    var result: [ID] = []
    var next = head
    while let id = next {
      result.append(id)
      next = nodes[id.index].parent
    }
    return result.reversed()
  }

  /// The messages of the prompt: the system prompt, if there is one, and the path.
  public var messages: [Message] {
    let turns = path.map { nodes[$0.index].message }
    guard let systemPrompt, !systemPrompt.isEmpty else { return turns }
    return [Message(role: .system, content: systemPrompt)] + turns
  }

  /// True when the path has no messages.
  public var isEmpty: Bool { head == nil }

  /// Adds a message after `head` and makes it the head.
  @discardableResult
  public mutating func append(_ message: Message) -> ID { add(message, after: head) }

  /// Changes a message in place, for example while it streams. Unknown identifiers are ignored.
  public mutating func update(_ id: ID, _ change: (inout Message) -> Void) {
    guard nodes.indices.contains(id.index) else { return }
    change(&nodes[id.index].message)
  }

  /// Adds a sibling of `id` (another version of the same turn) and makes it the head. Nil: no such message.
  @discardableResult
  public mutating func branch(from id: ID, _ message: Message) -> ID? {
    guard nodes.indices.contains(id.index) else { return nil }
    return add(message, after: nodes[id.index].parent)
  }

  /// Moves the head to the parent of `id`, so that the next added message becomes its sibling.
  public mutating func rewind(before id: ID) {
    guard nodes.indices.contains(id.index) else { return }
    head = nodes[id.index].parent
  }

  /// The messages with the same parent as `id`, itself included, in the order in which they were added.
  public func siblings(of id: ID) -> [ID] {
    guard nodes.indices.contains(id.index) else { return [] }
    guard let parent = nodes[id.index].parent else { return roots }
    return nodes[parent.index].children
  }

  /// Selects the branch through `id`, down to its last selected message.
  public mutating func select(_ id: ID) {
    guard nodes.indices.contains(id.index) else { return }
    if let parent = nodes[id.index].parent { nodes[parent.index].chosen = id }
    var end = id
    while let next = nodes[end.index].chosen { end = next }
    head = end
  }

  private mutating func add(_ message: Message, after parent: ID?) -> ID {
    let id = ID(index: nodes.count)
    nodes.append(Node(message: message, parent: parent))
    if let parent {
      nodes[parent.index].children.append(id)
      nodes[parent.index].chosen = id
    } else {
      roots.append(id)
    }
    head = id
    return id
  }
}
