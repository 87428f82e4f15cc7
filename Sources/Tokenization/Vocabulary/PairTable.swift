/// Finds the merge of two neighbouring tokens. A slot of 64 bits holds the two tokens (21 bits each) and the
/// number of the merge (22 bits).
struct PairTable {
  private let slots: UnsafePointer<UInt64>
  private let starts: UInt64

  private static let rankBits = UInt64(VocabularyLayout.rankBits)
  private static let rankMask = UInt64(VocabularyLayout.maximumMerges)
  private static let idBits = UInt64(VocabularyLayout.idBits)
  static let empty = UInt64.max

  /// Requires `ProbeTable.fewest` slots or more, the last one empty.
  init(_ slots: UnsafePointer<UInt64>, count: Int) {
    self.slots = slots
    starts = ProbeTable.starts(count)
  }

  /// The number of the merge of two tokens; `none` if they do not merge.
  @inline(__always)
  func rank(_ left: UInt32, _ right: UInt32) -> UInt32 {
    let key = Self.key(left, right)
    var slot = ProbeTable.start(Self.hash(key), starts)
    while true {
      let entry = slots[slot]
      if entry >> Self.rankBits == key { return UInt32(truncatingIfNeeded: entry & Self.rankMask) }
      if entry == Self.empty { return VocabularyLayout.none }
      slot &+= 1
    }
  }

  /// The slots for some merges; of several merges of the same pair the first counts.
  static func slots(count: Int, _ merge: (Int) -> (left: UInt32, right: UInt32, rank: UInt32)) -> [UInt64] {
    var slotCount = ProbeTable.slotCount(count)
    while true {
      if let slots = slots(slotCount, count, merge) { return slots }
      slotCount += slotCount / 2
    }
  }

  /// Nil where the tail is too short.
  private static func slots(
    _ slotCount: Int, _ count: Int, _ merge: (Int) -> (left: UInt32, right: UInt32, rank: UInt32)
  ) -> [UInt64]? {
    var slots = [UInt64](repeating: empty, count: slotCount)
    let starts = ProbeTable.starts(slotCount)
    let fits = slots.withUnsafeMutableBufferPointer { slots in
      for index in 0..<count {
        let (left, right, rank) = merge(index)
        let key = key(left, right)
        var slot = ProbeTable.start(hash(key), starts)
        while slots[slot] != empty, slots[slot] >> rankBits != key { slot += 1 }
        guard slot < slotCount - 1 else { return false }
        if slots[slot] == empty { slots[slot] = key << rankBits | UInt64(rank) }
      }
      return true
    }
    return fits ? slots : nil
  }

  @inline(__always)
  private static func key(_ left: UInt32, _ right: UInt32) -> UInt64 {
    UInt64(left) << idBits | UInt64(right)
  }

  @inline(__always)
  private static func hash(_ key: UInt64) -> UInt64 { key &* 0x9E37_79B9_7F4A_7C15 }
}
