/// A tree of tokens, for the longest token that a text starts with. Its edges are whole characters, and single
/// bytes only where a token begins or ends within a character; so a step costs one lookup a character.
///
/// A node that is a token has the token's number; the others are numbered after the tokens, the root first.
/// All edges are in one table of 64-bit slots: node (22 bits), symbol (18), where it leads (22), and whether
/// anything goes on from there, and whether bytes do.
struct TokenTree {
  private let slots: UnsafePointer<UInt64>
  private let starts: UInt64
  /// For each node that is no token the longest token above it.
  private let longest: UnsafePointer<UInt32>
  private let innerCount: UInt32
  private let tokenCount: UInt32

  static let empty = UInt64.max
  /// The symbol of byte 0; characters from this code point on are taken byte by byte.
  static let firstByte: UInt32 = 0x3FF00
  /// An edge whose node has edges, and one whose node has edges that are bytes.
  static let goesOn: UInt64 = 1 << 22
  static let goesOnWithBytes: UInt64 = 1 << 23
  private static let nodeMask: UInt64 = 1 << 22 - 1

  /// Requires `ProbeTable.fewest` slots or more, the last one empty.
  init(
    _ slots: UnsafePointer<UInt64>, count: Int, longest: UnsafeBufferPointer<UInt32>,
    base: UnsafePointer<UInt32>, tokenCount: Int
  ) {
    self.slots = slots
    starts = ProbeTable.starts(count)
    self.longest = longest.baseAddress ?? base
    innerCount = UInt32(longest.count)
    self.tokenCount = UInt32(tokenCount)
  }

  /// The longest token that the text from `start` to `limit` starts with, and where it ends if that was seen on
  /// the way (0 if not); `none` if there is none. The text
  /// must be valid UTF-8 up to `limit`; it may start within a character.
  @inline(__always)
  func longestMatch(_ text: UnsafePointer<UInt8>, from start: Int, limit: Int) -> (
    token: UInt32, end: Int
  ) {
    var node = tokenCount
    var place = start
    var found = (token: VocabularyLayout.none, end: 0)
    var edge = Self.goesOn | Self.goesOnWithBytes
    while place < limit, edge & Self.goesOn != 0 {
      let (symbol, length) = Self.symbol(text, at: place, limit: limit)
      let next = find(node, symbol)
      if next == Self.empty {
        if length > 1, edge & Self.goesOnWithBytes != 0 {
          let below = followBytes(text, place, length, from: node)
          if below != node { return (token(at: below), 0) }
        }
        break
      }
      edge = next
      node = UInt32(truncatingIfNeeded: next & Self.nodeMask)
      place &+= length
      if node < tokenCount { found = (node, place) }
    }
    if node < tokenCount { return found }
    // A token that ends within a character may be longer than the last one that was passed.
    let above = token(at: node)
    return above == found.token ? found : (above, 0)
  }

  /// The token that a node is, or the longest above it. Numbers that lead nowhere give `none`.
  @inline(__always)
  private func token(at node: UInt32) -> UInt32 {
    if node < tokenCount { return node }
    let inner = node &- tokenCount
    guard inner < innerCount else { return VocabularyLayout.none }
    let token = longest[Int(inner)]
    return token < tokenCount ? token : VocabularyLayout.none
  }

  /// Follows a character's first bytes for as long as there are edges.
  private func followBytes(
    _ text: UnsafePointer<UInt8>, _ place: Int, _ length: Int, from start: UInt32
  ) -> UInt32 {
    var node = start
    for index in place..<(place &+ length) {
      let next = find(node, Self.firstByte &+ UInt32(text[index]))
      if next == Self.empty { break }
      node = UInt32(truncatingIfNeeded: next & Self.nodeMask)
    }
    return node
  }

  /// The node that a symbol leads to; nil if it leads nowhere.
  func child(of node: UInt32?, _ symbol: UInt32) -> UInt32? {
    let edge = find(node ?? tokenCount, symbol)
    return edge == Self.empty ? nil : UInt32(truncatingIfNeeded: edge & Self.nodeMask)
  }

  @inline(__always)
  private func find(_ node: UInt32, _ symbol: UInt32) -> UInt64 {
    let key = Self.key(node, symbol)
    var slot = ProbeTable.start(Self.hash(key), starts)
    while true {
      let entry = slots[slot]
      if entry >> 24 == key { return entry }
      if entry == Self.empty { return Self.empty }
      slot &+= 1
    }
  }

  /// The symbol at a place and its length in bytes.
  @inline(__always)
  static func symbol(
    _ text: UnsafePointer<UInt8>, at place: Int, limit: Int
  ) -> (value: UInt32, length: Int) {
    let first = text[place]
    if first < 0x80 { return (UInt32(first), 1) }
    let length = UTF8Text.length(startingWith: first)
    if first >= 0xC0, place &+ length <= limit {
      let (value, _) = UTF8Text.point(text, at: place)
      if value < firstByte { return (value, length) }
    }
    return (firstByte &+ UInt32(first), 1)
  }

  /// The length in bytes of a symbol.
  static func length(of symbol: UInt32) -> Int {
    symbol < 0x80 || symbol >= firstByte ? 1 : symbol < 0x800 ? 2 : symbol < 0x10000 ? 3 : 4
  }

  @inline(__always)
  static func key(_ node: UInt32, _ symbol: UInt32) -> UInt64 { UInt64(node) << 18 | UInt64(symbol) }

  @inline(__always)
  static func hash(_ key: UInt64) -> UInt64 { key &* 0x9E37_79B9_7F4A_7C15 }
}
