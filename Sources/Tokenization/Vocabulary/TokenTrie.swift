/// A trie of added tokens, to find the longest one at an offset. One lookup for each character.
///
/// The node of a token has the token's id; the other nodes are numbered after the tokens, the root first. All
/// edges are in one hash table of 64-bit slots: node (22 bits), symbol (18), child (24).
struct TokenTrie {
  private let slots: UnsafePointer<UInt64>
  private let starts: UInt64
  private let root: UInt32

  static let empty = UInt64.max
  /// The symbol of byte 0; characters from this code point on are split into bytes.
  private static let firstByte: UInt32 = 0x3FF00
  static let nodeBits: UInt64 = 24
  static let nodeMask: UInt64 = 1 << nodeBits - 1

  /// Requires at least `ProbeTable.fewest` slots, the last one empty.
  init(_ slots: UnsafePointer<UInt64>, count: Int, tokenCount: Int) {
    self.slots = slots
    starts = ProbeTable.starts(count)
    root = UInt32(tokenCount)
  }

  /// The child of a node (or of the root, for nil) by a symbol; nil if there is none.
  func child(of node: UInt32?, _ symbol: UInt32) -> UInt32? {
    let key = Self.key(node ?? root, symbol)
    var slot = ProbeTable.start(Self.hash(key), starts)
    while true {
      let entry = slots[slot]
      if entry == Self.empty { return nil }
      if entry >> Self.nodeBits == key { return UInt32(truncatingIfNeeded: entry & Self.nodeMask) }
      slot &+= 1
    }
  }

  /// The symbol at an offset of valid UTF-8 and its length in bytes.
  static func symbol(
    _ text: UnsafePointer<UInt8>, at position: Int, limit: Int
  ) -> (value: UInt32, length: Int) {
    let first = text[position]
    if first < 0x80 { return (UInt32(first), 1) }
    if first >= 0xC0, position + UTF8Text.length(startingWith: first) <= limit {
      let (value, length) = UTF8Text.point(text, at: position)
      if value < firstByte { return (value, length) }
    }
    return (firstByte + UInt32(first), 1)
  }

  static func key(_ node: UInt32, _ symbol: UInt32) -> UInt64 { UInt64(node) << 18 | UInt64(symbol) }

  static func hash(_ key: UInt64) -> UInt64 { key &* 0x9E37_79B9_7F4A_7C15 }
}
