/// A radix tree over token sequences. Each edge is a run of tokens; a value is stored at the end of each inserted
/// sequence. Common prefixes are stored and compared once. A look-up costs one comparison per matching token,
/// independent of the number of sequences.
package final class PrefixTree<Value> {
  /// The end of an edge.
  package final class Node {
    /// The tokens from the parent to this node; empty only at the root.
    package fileprivate(set) var edge: [Int32]
    /// By the first token of the edge.
    package fileprivate(set) var children: [Int32: Node] = [:]
    package fileprivate(set) weak var parent: Node?
    /// The number of tokens from the root to this node.
    package fileprivate(set) var depth: Int
    package fileprivate(set) var value: Value?

    fileprivate init(edge: [Int32], parent: Node?, depth: Int) {
      self.edge = edge
      self.parent = parent
      self.depth = depth
    }

    /// The tokens from the root to this node.
    package var tokens: [Int32] {
      var edges: [[Int32]] = []
      var node: Node? = self
      while let current = node {
        edges.append(current.edge)
        node = current.parent
      }
      return edges.reversed().flatMap { $0 }
    }

    /// The ancestors that have a value, nearest first.
    package var valuedAncestors: [Node] {
      var result: [Node] = []
      var node = parent
      while let current = node {
        if current.value != nil { result.append(current) }
        node = current.parent
      }
      return result
    }

    /// The nearest ancestor that has a value.
    package var valuedAncestor: Node? {
      var node = parent
      while let current = node, current.value == nil { node = current.parent }
      return node
    }

    /// Calls `body` with this node and all its descendants.
    package func forEach(_ body: (Node) -> Void) {
      var waiting = [self]
      while let node = waiting.popLast() {
        body(node)
        waiting += node.children.values
      }
    }
  }

  /// The result of matching a prompt.
  package struct Match {
    /// The number of matching tokens.
    package var length: Int
    /// The nodes whose whole sequence matches, from the root on.
    package var passed: [Node]
    /// The node at or after the last matching token; all its descendants share the matching prefix.
    package var end: Node
  }

  package let root = Node(edge: [], parent: nil, depth: 0)

  package init() {}

  /// Matches `tokens` from the start.
  package func match(_ tokens: some RandomAccessCollection<Int32>) -> Match {
    var match = Match(length: 0, passed: [root], end: root)
    var rest = tokens[...]
    while let first = rest.first, let child = match.end.children[first] {
      let common = zip(child.edge, rest).prefix { $0 == $1 }.count
      match.length += common
      match.end = child
      guard common == child.edge.count else { break }
      match.passed.append(child)
      rest = rest.dropFirst(common)
    }
    return match
  }

  /// Stores a value at the end of `tokens`, replacing an existing one.
  /// - Returns: the node and the replaced value.
  @discardableResult
  package func insert(_ tokens: [Int32], _ value: Value) -> (node: Node, replaced: Value?) {
    var node = root
    var position = 0
    while position < tokens.count {
      guard let child = node.children[tokens[position]] else {
        let leaf = Node(edge: Array(tokens[position...]), parent: node, depth: tokens.count)
        node.children[tokens[position]] = leaf
        node = leaf
        break
      }
      let common = zip(child.edge, tokens[position...]).prefix { $0 == $1 }.count
      position += common
      node = common == child.edge.count ? child : split(child, after: common)
    }
    let replaced = node.value
    node.value = value
    return (node, replaced)
  }

  /// Removes a node's value, and the node if it is no longer needed.
  @discardableResult
  package func remove(_ node: Node) -> Value? {
    let value = node.value
    node.value = nil
    prune(node)
    return value
  }

  /// The number of tokens held; common prefixes count once.
  package var tokenCount: Int {
    var count = 0
    root.forEach { count += $0.edge.count }
    return count
  }

  /// All nodes that have a value.
  package var valuedNodes: [Node] {
    var result: [Node] = []
    root.forEach { if $0.value != nil { result.append($0) } }
    return result
  }

  /// Splits an edge.
  private func split(_ child: Node, after count: Int) -> Node {
    let middle = Node(
      edge: Array(child.edge[..<count]), parent: child.parent, depth: child.depth - child.edge.count + count)
    child.parent?.children[child.edge[0]] = middle
    child.edge.removeFirst(count)
    child.parent = middle
    middle.children[child.edge[0]] = child
    return middle
  }

  private func prune(_ node: Node) {
    guard node.value == nil, let parent = node.parent, let first = node.edge.first else { return }
    if node.children.isEmpty {
      parent.children[first] = nil
      prune(parent)
    } else if node.children.count == 1, let only = node.children.values.first {
      only.edge = node.edge + only.edge
      only.parent = parent
      parent.children[first] = only
    }
  }
}
