/// Makes the tables of a `TokenTree`. Tokens must come in the order of their lengths, the shortest first, so
/// that the node of every token is made before one that lies beyond it. Constant time a byte.
struct TokenTreeBuilder {
  /// For each node that is no token the longest token above it; the root first.
  private(set) var longest: [UInt32] = [VocabularyLayout.none]
  private var slots: [UInt64]
  private var starts: UInt64
  /// For each node which of `TokenTree.goesOn` and `goesOnWithBytes` it has, shifted to the lowest bits.
  private var flags: [UInt8]
  private let tokenCount: UInt32
  private var edgeCount = 0
  private var symbols: [UInt32] = []

  /// - Parameter expected: about how many nodes there will be; more are taken too.
  init(tokenCount: Int, expected: Int) {
    self.tokenCount = UInt32(tokenCount)
    slots = Array(repeating: TokenTree.empty, count: ProbeTable.slotCount(expected))
    starts = ProbeTable.starts(slots.count)
    flags = Array(repeating: 0, count: tokenCount + 1)
  }

  /// How many nodes there are, tokens that have not come included.
  var nodeCount: Int { Int(tokenCount) + longest.count }

  /// Whether a token of so many bytes can be added.
  func hasRoom(_ bytes: Int) -> Bool { nodeCount + bytes <= VocabularyLayout.maximumNodes }

  /// Adds a token of one byte or more. Requires room.
  /// - Parameter start: a token in the tree with which this one starts, and its length, to go on from there;
  ///   a character must not be cut by its end.
  /// - Returns: the longest token added before that it starts with, or `none`; nil where a token with the
  ///   same bytes is there already.
  mutating func add(
    _ id: UInt32, _ bytes: UnsafeBufferPointer<UInt8>, after start: (token: UInt32, length: Int)? = nil
  ) -> UInt32? {
    split(bytes, from: start?.length ?? 0)
    var node = start?.token ?? tokenCount
    var above = VocabularyLayout.none
    var place = start?.length ?? 0
    for (index, symbol) in symbols.enumerated() {
      if node < tokenCount {
        above = node
      } else if node > tokenCount {
        above = longest[Int(node - tokenCount)]
      }
      let length = TokenTree.length(of: symbol)
      if length > 1, flags[Int(node)] & 2 != 0 {
        above = tokenOfBytes(bytes, place, length, from: node) ?? above
      }
      place += length
      let isLast = index == symbols.count - 1
      let slot = find(node, symbol)
      if slots[slot] == TokenTree.empty {
        let next = isLast ? id : UInt32(nodeCount)
        if !isLast {
          longest.append(above)
          flags.append(0)
        }
        slots[slot] = TokenTree.key(node, symbol) << 24 | UInt64(next)
        flags[Int(node)] |= symbol >= TokenTree.firstByte ? 3 : 1
        edgeCount += 1
        node = next
        if slot >= slots.count - 2 || edgeCount * 3 > slots.count * 2 { grow() }
      } else if isLast {
        return nil
      } else {
        node = UInt32(truncatingIfNeeded: slots[slot] & UInt64(VocabularyLayout.maximumNodes))
      }
    }
    return above
  }

  /// The finished slots.
  func finishedSlots() -> [UInt64] {
    slots.map { slot in
      guard slot != TokenTree.empty else { return slot }
      return slot | UInt64(flags[Int(slot & UInt64(VocabularyLayout.maximumNodes))]) << 22
    }
  }

  /// Characters where they are whole and valid, bytes elsewhere.
  private mutating func split(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int) {
    symbols.removeAll(keepingCapacity: true)
    guard let base = bytes.baseAddress else { return }
    var place = start
    while place < bytes.count {
      let (symbol, length) = TokenTree.symbol(base, at: place, limit: bytes.count)
      if length == 1 || UTF8Text.isCharacter(UnsafeBufferPointer(start: base + place, count: length)) {
        symbols.append(symbol)
        place += length
      } else {
        symbols.append(TokenTree.firstByte + UInt32(bytes[place]))
        place += 1
      }
    }
  }

  /// The longest token that the first bytes of a character lead to.
  private func tokenOfBytes(
    _ bytes: UnsafeBufferPointer<UInt8>, _ place: Int, _ length: Int, from start: UInt32
  ) -> UInt32? {
    var node = start
    var found: UInt32?
    for byte in bytes[place..<place + length] {
      let slot = find(node, TokenTree.firstByte + UInt32(byte))
      if slots[slot] == TokenTree.empty { break }
      node = UInt32(truncatingIfNeeded: slots[slot] & UInt64(VocabularyLayout.maximumNodes))
      if node < tokenCount { found = node }
    }
    return found
  }

  /// The slot of an edge, or the empty one where it belongs.
  private func find(_ node: UInt32, _ symbol: UInt32) -> Int {
    let key = TokenTree.key(node, symbol)
    var slot = ProbeTable.start(TokenTree.hash(key), starts)
    while slots[slot] != TokenTree.empty, slots[slot] >> 24 != key { slot += 1 }
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
