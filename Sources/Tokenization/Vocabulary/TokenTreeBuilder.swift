/// Makes the table of a `TokenTree`. Tokens must come in the order of their lengths, the shortest first, so
/// that the node of every token is made before one that lies beyond it. Constant time a byte.
struct TokenTreeBuilder {
  /// The finished slots.
  private(set) var slots: [UInt64]
  private var starts: UInt64
  private let root: UInt32
  /// How many nodes there are, tokens that have not come included.
  private var nodeCount: Int
  private var edgeCount = 0

  /// - Parameter expected: about how many nodes there will be; more are taken too.
  init(tokenCount: Int, expected: Int) {
    root = UInt32(tokenCount)
    nodeCount = tokenCount + 1
    slots = Array(repeating: TokenTree.empty, count: ProbeTable.slotCount(expected))
    starts = ProbeTable.starts(slots.count)
  }

  /// Whether a token of so many bytes can be added.
  func hasRoom(_ bytes: Int) -> Bool { nodeCount + bytes <= VocabularyLayout.maximumNodes }

  /// Adds a token of valid UTF-8, unless one with the same bytes is there already. Requires room.
  mutating func add(_ id: UInt32, _ bytes: UnsafeBufferPointer<UInt8>) {
    guard let base = bytes.baseAddress else { return }
    var node = root
    var place = 0
    while place < bytes.count {
      let (symbol, length) = TokenTree.symbol(base, at: place, limit: bytes.count)
      place += length
      let slot = find(node, symbol)
      if slots[slot] == TokenTree.empty {
        let next = place == bytes.count ? id : UInt32(nodeCount)
        if place < bytes.count { nodeCount += 1 }
        slots[slot] = TokenTree.key(node, symbol) << TokenTree.nodeBits | UInt64(next)
        edgeCount += 1
        node = next
        if slot >= slots.count - 2 || edgeCount * 3 > slots.count * 2 { grow() }
      } else {
        node = UInt32(truncatingIfNeeded: slots[slot] & TokenTree.nodeMask)
      }
    }
  }

  /// The slot of an edge, or the empty one where it belongs.
  private func find(_ node: UInt32, _ symbol: UInt32) -> Int {
    let key = TokenTree.key(node, symbol)
    var slot = ProbeTable.start(TokenTree.hash(key), starts)
    while slots[slot] != TokenTree.empty, slots[slot] >> TokenTree.nodeBits != key { slot += 1 }
    return slot
  }

  /// Takes more slots, until the tail is long enough for all edges.
  private mutating func grow() {
    let old = slots
    var slotCount = old.count
    var fits = false
    while !fits {
      slotCount += slotCount / 2
      slots = Array(repeating: TokenTree.empty, count: slotCount)
      starts = ProbeTable.starts(slotCount)
      fits = true
      for entry in old where entry != TokenTree.empty {
        let slot = find(
          UInt32(truncatingIfNeeded: entry >> 42),
          UInt32(truncatingIfNeeded: entry >> 24 & UInt64(1 << 18 - 1)))
        slots[slot] = entry
        if slot >= slotCount - 2 {
          fits = false
          break
        }
      }
    }
  }
}
