/// Builds the table of a `TokenTrie`. Tokens must be added in order of length, the shortest first, so that
/// the node of each token exists before the nodes below it. Constant time for each byte.
struct TokenTrieBuilder {
  /// The finished slots.
  private(set) var slots: [UInt64]
  private var starts: UInt64
  private let root: UInt32
  /// Whether every byte is a symbol, so that tokens need not consist of whole characters.
  private let isBytewise: Bool
  /// The number of nodes, including those of tokens not added yet.
  private var nodeCount: Int
  private var edgeCount = 0

  /// - Parameter expected: an estimate of the number of nodes; the table grows if there are more.
  init(tokenCount: Int, expected: Int, isBytewise: Bool = false) {
    self.isBytewise = isBytewise
    root = UInt32(tokenCount)
    nodeCount = tokenCount + 1
    slots = Array(repeating: TokenTrie.empty, count: ProbeTable.slotCount(expected))
    starts = ProbeTable.starts(slots.count)
  }

  /// Whether a token of so many bytes can be added.
  func hasRoom(_ bytes: Int) -> Bool { nodeCount + bytes <= VocabularyLayout.maximumNodes }

  /// Adds a token, of valid UTF-8 if the trie is not bytewise, unless one with the same bytes exists. Requires `hasRoom`.
  mutating func add(_ id: UInt32, _ bytes: UnsafeBufferPointer<UInt8>) {
    guard let base = bytes.baseAddress else { return }
    var node = root
    var position = 0
    while position < bytes.count {
      let (symbol, length) =
        isBytewise ? (UInt32(base[position]), 1) : TokenTrie.symbol(base, at: position, limit: bytes.count)
      position += length
      let slot = find(node, symbol)
      if slots[slot] == TokenTrie.empty {
        let next = position == bytes.count ? id : UInt32(nodeCount)
        if position < bytes.count { nodeCount += 1 }
        slots[slot] = TokenTrie.key(node, symbol) << TokenTrie.nodeBits | UInt64(next)
        edgeCount += 1
        node = next
        if slot >= slots.count - 2 || edgeCount * 3 > slots.count * 2 { grow() }
      } else {
        node = UInt32(truncatingIfNeeded: slots[slot] & TokenTrie.nodeMask)
      }
    }
  }

  /// The slot of an edge, or the empty slot for it.
  private func find(_ node: UInt32, _ symbol: UInt32) -> Int {
    let key = TokenTrie.key(node, symbol)
    var slot = ProbeTable.start(TokenTrie.hash(key), starts)
    while slots[slot] != TokenTrie.empty, slots[slot] >> TokenTrie.nodeBits != key { slot += 1 }
    return slot
  }

  /// Grows the table until the tail suffices for all edges.
  private mutating func grow() {
    let old = slots
    var slotCount = old.count
    var fits = false
    while !fits {
      slotCount += slotCount / 2
      slots = Array(repeating: TokenTrie.empty, count: slotCount)
      starts = ProbeTable.starts(slotCount)
      fits = true
      for entry in old where entry != TokenTrie.empty {
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
