/// Makes the tables of a `TokenTree`. Tokens must come in the order of their lengths, the shortest first, so
/// that the node of every token is made before one that lies beyond it. Constant time a byte.
struct TokenTreeBuilder {
  private(set) var slots: [UInt64]
  /// For each node that is no token the longest token above it; the root first.
  private(set) var longest: [UInt32] = [VocabularyLayout.none]
  private let tokenCount: UInt32
  private var edgeCount = 0
  private var shift: UInt64

  /// - Parameter expected: about how many tokens will come; more are taken too.
  init(tokenCount: Int, expected: Int) {
    self.tokenCount = UInt32(tokenCount)
    slots = [UInt64](repeating: TokenTree.empty, count: PieceTable.slotCount(expected))
    shift = UInt64(64 - slots.count.trailingZeroBitCount)
  }

  /// How many nodes there are, tokens that have not come included.
  var nodeCount: Int { Int(tokenCount) + longest.count }

  /// Adds a token of one byte or more.
  /// - Returns: the longest token added before that it starts with, or `none`; nil where a token with the
  ///   same bytes is there already, or where there would be too many nodes.
  mutating func add(_ id: UInt32, _ bytes: UnsafeBufferPointer<UInt8>) -> UInt32? {
    guard !bytes.isEmpty, nodeCount + bytes.count <= VocabularyLayout.maximumNodes else { return nil }
    var node = tokenCount
    var above = VocabularyLayout.none
    for index in 0..<bytes.count {
      above = node < tokenCount ? node : longest[Int(node - tokenCount)]
      let isLast = index == bytes.count - 1
      let slot = find(node, bytes[index])
      if slots[slot] == TokenTree.empty {
        let next = isLast ? id : UInt32(nodeCount)
        if !isLast { longest.append(above) }
        slots[slot] = (UInt64(node) << 8 | UInt64(bytes[index])) << 32 | UInt64(next)
        edgeCount += 1
        node = next
        if edgeCount * 2 > slots.count { grow() }
      } else if isLast {
        return nil
      } else {
        node = UInt32(truncatingIfNeeded: slots[slot])
      }
    }
    return above
  }

  /// The slot of an edge, or the empty one where it belongs.
  private func find(_ node: UInt32, _ byte: UInt8) -> Int {
    let key = UInt64(node) << 8 | UInt64(byte)
    var slot = Int(truncatingIfNeeded: TokenTree.hash(key) >> shift)
    while slots[slot] != TokenTree.empty, slots[slot] >> 32 != key { slot = (slot + 1) & (slots.count - 1) }
    return slot
  }

  private mutating func grow() {
    let old = slots
    slots = [UInt64](repeating: TokenTree.empty, count: old.count * 2)
    shift -= 1
    for entry in old where entry != TokenTree.empty {
      slots[find(UInt32(truncatingIfNeeded: entry >> 40), UInt8(truncatingIfNeeded: entry >> 32))] = entry
    }
  }
}
