/// A hash table from bytes to tokens. A slot of 32 bits holds the token (21 bits) and 11 bits of its hash; a
/// lookup reads one slot and, on a likely hit, compares the token's bytes.
struct PieceTable {
  private let slots: UnsafePointer<UInt32>
  private let slotStarts: UInt64
  private let tokenCount: UInt32

  private static let idMask = UInt32(VocabularyLayout.maximumTokens)
  static let empty = VocabularyLayout.none

  /// Requires at least `ProbeTable.fewest` slots, the last one empty.
  init(_ slots: UnsafePointer<UInt32>, count: Int, tokenCount: Int) {
    self.slots = slots
    slotStarts = ProbeTable.starts(count)
    self.tokenCount = UInt32(tokenCount)
  }

  /// The token with these bytes. `starts` and `bytes` are the vocabulary's.
  @inline(__always)
  func find(
    _ piece: UnsafePointer<UInt8>, _ count: Int, starts: UnsafePointer<UInt32>, bytes: UnsafePointer<UInt8>
  ) -> UInt32 {
    find(piece, count, PieceHash.of(piece, count), starts: starts, bytes: bytes)
  }

  /// The same, given the piece's `PieceHash`.
  @inline(__always)
  func find(
    _ piece: UnsafePointer<UInt8>, _ count: Int, _ hash: UInt64, starts: UnsafePointer<UInt32>,
    bytes: UnsafePointer<UInt8>
  ) -> UInt32 {
    var slot = ProbeTable.start(hash, slotStarts)
    while true {
      let entry = slots[slot]
      if entry == Self.empty { return VocabularyLayout.none }
      if entry & ~Self.idMask == Self.tag(hash) {
        let id = entry & Self.idMask
        if id < tokenCount, Self.equals(id, piece, count, starts, bytes) { return id }
      }
      slot &+= 1
    }
  }

  /// The slots for the given tokens; of tokens with the same bytes the first is kept.
  static func slots(
    for ids: [UInt32], starts: UnsafePointer<UInt32>, bytes: UnsafePointer<UInt8>
  ) -> [UInt32] {
    var slotCount = ProbeTable.slotCount(ids.count)
    while true {
      if let slots = slots(slotCount, ids, starts, bytes) { return slots }
      slotCount += slotCount / 2
    }
  }

  /// Returns nil if the tail is too short.
  private static func slots(
    _ slotCount: Int, _ ids: [UInt32], _ starts: UnsafePointer<UInt32>, _ bytes: UnsafePointer<UInt8>
  ) -> [UInt32]? {
    var slots = [UInt32](repeating: empty, count: slotCount)
    let slotStarts = ProbeTable.starts(slotCount)
    let fits = slots.withUnsafeMutableBufferPointer { slots in
      for id in ids {
        let token = bytes + Int(starts[Int(id)])
        let length = Int(starts[Int(id) + 1] - starts[Int(id)])
        let hash = PieceHash.of(token, length)
        var slot = ProbeTable.start(hash, slotStarts)
        while slots[slot] != empty {
          let isSame =
            slots[slot] & ~idMask == tag(hash)
            && equals(slots[slot] & idMask, token, length, starts, bytes)
          if isSame { break }
          slot += 1
        }
        guard slot < slotCount - 1 else { return false }
        if slots[slot] == empty { slots[slot] = tag(hash) | id }
      }
      return true
    }
    return fits ? slots : nil
  }

  @inline(__always)
  private static func equals(
    _ id: UInt32, _ piece: UnsafePointer<UInt8>, _ count: Int, _ starts: UnsafePointer<UInt32>,
    _ bytes: UnsafePointer<UInt8>
  ) -> Bool {
    let start = starts[Int(id)]
    return Int(starts[Int(id) &+ 1] &- start) == count && PieceHash.equal(bytes + Int(start), piece, count)
  }

  /// The bits of the hash that a slot stores. All ones with the highest id would equal an empty slot, so
  /// `maximumTokens` excludes that id.
  @inline(__always)
  private static func tag(_ hash: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: hash) & ~idMask }
}

/// A hash of a piece of text, computed 8 bytes at a time.
enum PieceHash {
  private static let first: UInt64 = 0x9E37_79B9_7F4A_7C15
  private static let second: UInt64 = 0xD6E8_FEB8_6659_FD93

  @inline(__always)
  static func of(_ piece: UnsafePointer<UInt8>, _ count: Int) -> UInt64 {
    let ends = ends(piece, count)
    var state = of(ends, count)
    if count > 16 {
      // `ends` holds the first eight bytes and the last eight.
      var position = 8
      while position < count &- 8 {
        state = mix(state ^ word(piece, min(position, count &- 8)), second)
        position &+= 8
      }
    }
    return state
  }

  /// The hash of a piece of up to 16 bytes, given its `ends`.
  @inline(__always)
  static func of(_ ends: (UInt64, UInt64), _ count: Int) -> UInt64 {
    mix(ends.0 ^ first, ends.1 ^ second &+ UInt64(truncatingIfNeeded: count))
  }

  /// Whether two pieces of the same length are equal.
  @inline(__always)
  static func equal(_ a: UnsafePointer<UInt8>, _ b: UnsafePointer<UInt8>, _ count: Int) -> Bool {
    let (endsA, endsB) = (ends(a, count), ends(b, count))
    guard endsA.0 == endsB.0, endsA.1 == endsB.1 else { return false }
    var position = 8
    while position < count &- 8 {
      if word(a, min(position, count &- 8)) != word(b, min(position, count &- 8)) { return false }
      position &+= 8
    }
    return true
  }

  /// Two words that contain all bytes of a piece of up to 16, or the first and last eight of a longer one.
  /// Reads nothing beyond the piece.
  @inline(__always)
  static func ends(_ piece: UnsafePointer<UInt8>, _ count: Int) -> (UInt64, UInt64) {
    if count >= 8 { return (word(piece, 0), word(piece, count &- 8)) }
    if count >= 4 { return (half(piece, 0), half(piece, count &- 4)) }
    if count == 0 { return (0, 0) }
    let low = UInt64(piece[0]) | UInt64(piece[count >> 1]) << 8 | UInt64(piece[count &- 1]) << 16
    return (low, 0)
  }

  @inline(__always)
  private static func word(_ piece: UnsafePointer<UInt8>, _ position: Int) -> UInt64 {
    UnsafeRawPointer(piece).loadUnaligned(fromByteOffset: position, as: UInt64.self)
  }

  @inline(__always)
  private static func half(_ piece: UnsafePointer<UInt8>, _ position: Int) -> UInt64 {
    UInt64(UnsafeRawPointer(piece).loadUnaligned(fromByteOffset: position, as: UInt32.self))
  }

  @inline(__always)
  private static func mix(_ a: UInt64, _ b: UInt64) -> UInt64 {
    let product = a.multipliedFullWidth(by: b)
    return product.high ^ product.low
  }
}
