/// Finds the merge of two neighbouring tokens: open addressing over 64-bit slots that hold the two tokens (21
/// bits each) and the number of the merge (22 bits), at most half of them taken.
struct PairTable {
  let slots: UnsafePointer<UInt64>
  let shift: UInt64
  let mask: Int

  private static let rankBits = UInt64(VocabularyLayout.rankBits)
  private static let rankMask = UInt64(VocabularyLayout.maximumMerges)
  private static let idBits = UInt64(VocabularyLayout.idBits)
  private static let empty = UInt64.max

  /// Requires a power of two of slots, one or more of them empty.
  init(_ slots: UnsafeBufferPointer<UInt64>, base: UnsafePointer<UInt64>) {
    self.slots = slots.baseAddress ?? base
    mask = slots.count - 1
    shift = UInt64(64 - slots.count.trailingZeroBitCount)
  }

  /// The number of the merge of two tokens; `none` if they do not merge.
  @inline(__always)
  func rank(_ left: UInt32, _ right: UInt32) -> UInt32 {
    let key = Self.key(left, right)
    var slot = Int(truncatingIfNeeded: Self.hash(key) >> shift)
    while true {
      let entry = slots[slot]
      if entry >> Self.rankBits == key { return UInt32(truncatingIfNeeded: entry & Self.rankMask) }
      if entry == Self.empty { return VocabularyLayout.none }
      slot = (slot &+ 1) & mask
    }
  }

  /// The slots for some merges; of several merges of the same pair the first counts.
  static func slots(count: Int, _ merge: (Int) -> (left: UInt32, right: UInt32, rank: UInt32)) -> [UInt64] {
    var slots = [UInt64](repeating: empty, count: PieceTable.slotCount(count))
    let mask = slots.count - 1
    let shift = UInt64(64 - slots.count.trailingZeroBitCount)
    for index in 0..<count {
      let (left, right, rank) = merge(index)
      let key = key(left, right)
      var slot = Int(truncatingIfNeeded: hash(key) >> shift)
      while slots[slot] != empty, slots[slot] >> rankBits != key { slot = (slot + 1) & mask }
      if slots[slot] == empty { slots[slot] = key << rankBits | UInt64(rank) }
    }
    return slots
  }

  @inline(__always)
  private static func key(_ left: UInt32, _ right: UInt32) -> UInt64 {
    UInt64(left) << idBits | UInt64(right)
  }

  @inline(__always)
  private static func hash(_ key: UInt64) -> UInt64 {
    key &* 0x9E37_79B9_7F4A_7C15
  }
}
