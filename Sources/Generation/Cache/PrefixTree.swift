/// A radix tree over sequences of tokens: each edge is a run of tokens, and a value stands at the end of
/// each sequence that was put in. What sequences have in common is stored and compared once.
///
/// Looking up a prompt costs one comparison a token that matches, however many sequences are held.
package final class PrefixTree<Value> {
  /// The end of a run of tokens.
  package final class Node {
    /// The tokens from the parent to here; empty at the root alone.
    package fileprivate(set) var edge: [Int32]
    /// By the first token of their edges.
    package fileprivate(set) var children: [Int32: Node] = [:]
    package fileprivate(set) weak var parent: Node?
    /// Tokens from the root to here.
    package fileprivate(set) var depth: Int
    package fileprivate(set) var value: Value?

    fileprivate init(edge: [Int32], parent: Node?, depth: Int) {
      self.edge = edge
      self.parent = parent
      self.depth = depth
    }

    /// The tokens from the root to here.
    package var tokens: [Int32] {
      var edges: [[Int32]] = []
      var node: Node? = self
      while let current = node {
        edges.append(current.edge)
        node = current.parent
      }
      return edges.reversed().flatMap { $0 }
    }

    /// The nodes above this one that have a value, nearest first.
    package var valuedAncestors: [Node] {
      var result: [Node] = []
      var node = parent
      while let current = node {
        if current.value != nil { result.append(current) }
        node = current.parent
      }
      return result
    }

    /// The nearest node above this one that has a value.
    package var valuedAncestor: Node? {
      var node = parent
      while let current = node, current.value == nil { node = current.parent }
      return node
    }

    /// Calls `body` with this node and all below it.
    package func forEach(_ body: (Node) -> Void) {
      var waiting = [self]
      while let node = waiting.popLast() {
        body(node)
        waiting += node.children.values
      }
    }
  }

  /// How far a prompt agrees with what the tree holds.
  package struct Match {
    /// Tokens that agree.
    package var length: Int
    /// Nodes whose whole sequence agrees, from the root on.
    package var passed: [Node]
    /// The node at or behind the last token that agrees: all sequences below share those tokens.
    package var end: Node
  }

  package let root = Node(edge: [], parent: nil, depth: 0)

  package init() {}

  /// Follows `tokens` as far as they agree.
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

  /// Puts a value at the end of `tokens`, in place of one that is there.
  /// - Returns: its node and the value that it had.
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

  /// Takes a node's value out, and the node where nothing needs it.
  @discardableResult
  package func remove(_ node: Node) -> Value? {
    let value = node.value
    node.value = nil
    prune(node)
    return value
  }

  /// Tokens held, common ones counted once.
  package var tokenCount: Int {
    var count = 0
    root.forEach { count += $0.edge.count }
    return count
  }

  /// The nodes that have a value.
  package var valuedNodes: [Node] {
    var result: [Node] = []
    root.forEach { if $0.value != nil { result.append($0) } }
    return result
  }

  /// Puts a node into the middle of an edge.
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
