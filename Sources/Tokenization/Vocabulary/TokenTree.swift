/// A tree of tokens by their bytes, for the longest token that a text starts with. A node that is a token has
/// the token's number; the others are numbered after the tokens, the root first. Edges are in one hash table
/// of 64-bit slots: node and byte (32 bits), and where they lead (32 bits).
struct TokenTree {
  let slots: UnsafePointer<UInt64>
  let shift: UInt64
  let mask: Int
  /// For each node that is no token the longest token above it.
  let longest: UnsafePointer<UInt32>
  let tokenCount: UInt32

  static let empty = UInt64.max

  /// Requires a power of two of slots, one or more of them empty, and an entry of `longest` for every node
  /// from `tokenCount` on.
  init(
    _ slots: UnsafeBufferPointer<UInt64>, base: UnsafePointer<UInt64>, longest: UnsafePointer<UInt32>,
    tokenCount: Int
  ) {
    self.slots = slots.baseAddress ?? base
    self.longest = longest
    self.tokenCount = UInt32(tokenCount)
    mask = slots.count - 1
    shift = UInt64(64 - slots.count.trailingZeroBitCount)
  }

  /// The longest token that the text from `start` to `limit` starts with; `none` if there is none.
  @inline(__always)
  func longestMatch(_ text: UnsafePointer<UInt8>, from start: Int, limit: Int) -> UInt32 {
    var node = tokenCount
    var place = start
    while place < limit {
      let next = child(of: node, text[place])
      if next == VocabularyLayout.none { break }
      node = next
      place &+= 1
    }
    return node < tokenCount ? node : longest[Int(node &- tokenCount)]
  }

  @inline(__always)
  func child(of node: UInt32, _ byte: UInt8) -> UInt32 {
    let key = UInt64(node) << 8 | UInt64(byte)
    var slot = Int(truncatingIfNeeded: Self.hash(key) >> shift)
    while true {
      let entry = slots[slot]
      if entry >> 32 == key { return UInt32(truncatingIfNeeded: entry) }
      if entry == Self.empty { return VocabularyLayout.none }
      slot = (slot &+ 1) & mask
    }
  }

  @inline(__always)
  static func hash(_ key: UInt64) -> UInt64 { key &* 0x9E37_79B9_7F4A_7C15 }
}
