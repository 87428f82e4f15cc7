/// A tree of added tokens, for the longest one that a text goes on with. A step costs one lookup a character.
///
/// A node that is a token has the token's number; the others are numbered after the tokens, the root first.
/// All edges are in one table of 64-bit slots: node (22 bits), symbol (18), where it leads (24).
struct TokenTree {
  private let slots: UnsafePointer<UInt64>
  private let starts: UInt64
  private let root: UInt32

  static let empty = UInt64.max
  /// The symbol of byte 0; characters from this code point on are taken byte by byte.
  private static let firstByte: UInt32 = 0x3FF00
  static let nodeBits: UInt64 = 24
  static let nodeMask: UInt64 = 1 << nodeBits - 1

  /// Requires `ProbeTable.fewest` slots or more, the last one empty.
  init(_ slots: UnsafePointer<UInt64>, count: Int, tokenCount: Int) {
    self.slots = slots
    starts = ProbeTable.starts(count)
    root = UInt32(tokenCount)
  }

  /// The node that a symbol leads to, from the root if there is no node; nil if it leads nowhere.
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

  /// The symbol at a place of valid UTF-8 and its length in bytes.
  static func symbol(
    _ text: UnsafePointer<UInt8>, at place: Int, limit: Int
  ) -> (value: UInt32, length: Int) {
    let first = text[place]
    if first < 0x80 { return (UInt32(first), 1) }
    if first >= 0xC0, place + UTF8Text.length(startingWith: first) <= limit {
      let (value, length) = UTF8Text.point(text, at: place)
      if value < firstByte { return (value, length) }
    }
    return (firstByte + UInt32(first), 1)
  }

  static func key(_ node: UInt32, _ symbol: UInt32) -> UInt64 { UInt64(node) << 18 | UInt64(symbol) }

  static func hash(_ key: UInt64) -> UInt64 { key &* 0x9E37_79B9_7F4A_7C15 }
}
