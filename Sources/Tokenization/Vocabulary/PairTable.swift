/// A hash table from two adjacent tokens to the rank of their merge. A slot of 64 bits holds the two tokens
/// (21 bits each) and the rank (22 bits). Four slots form a bucket of half a cache line, filled in order. All
/// four are compared without branches: whether two tokens merge is unpredictable, and a mispredicted branch
/// would add a second memory latency.
struct PairTable {
  private let slots: UnsafePointer<UInt64>
  private let starts: UInt64

  /// "No merge": greater than any rank.
  static let none = UInt32(VocabularyLayout.maximumMerges)
  static let empty = UInt64.max
  private static let rankBits = UInt64(VocabularyLayout.rankBits)
  private static let rankMask = UInt64(VocabularyLayout.maximumMerges)
  private static let idBits = UInt64(VocabularyLayout.idBits)
  static let bucket = 4

  /// Requires at least `ProbeTable.fewest` slots, a multiple of `bucket`, the last one empty.
  init(_ slots: UnsafePointer<UInt64>, count: Int) {
    self.slots = slots
    starts = Self.starts(count)
  }

  /// The number of buckets at which searches start.
  private static func starts(_ slotCount: Int) -> UInt64 {
    ProbeTable.starts(slotCount) / UInt64(bucket) + 1
  }

  /// The rank of the merge of two tokens, or `none`.
  @inline(__always)
  func rank(_ left: UInt32, _ right: UInt32) -> UInt32 {
    let key = Self.key(left, right)
    var slot = ProbeTable.start(Self.hash(key), starts) &* Self.bucket
    while true {
      let (first, second, third, fourth) = (slots[slot], slots[slot &+ 1], slots[slot &+ 2], slots[slot &+ 3])
      // At most one of the four differs from `empty`.
      let found =
        Self.only(first, key) & Self.only(second, key) & Self.only(third, key) & Self.only(fourth, key)
      // A bucket that is not full ends the search. The last bucket is never full.
      if found != Self.empty || fourth == Self.empty {
        return UInt32(truncatingIfNeeded: found & Self.rankMask)
      }
      slot &+= Self.bucket
    }
  }

  /// The slot if it has this key, else `empty`.
  @inline(__always)
  private static func only(_ slot: UInt64, _ key: UInt64) -> UInt64 {
    slot >> rankBits == key ? slot : empty
  }

  /// The slots for the given merges; of several merges of the same pair the first is kept.
  static func slots(count: Int, _ merge: (Int) -> (left: UInt32, right: UInt32, rank: UInt32)) -> [UInt64] {
    var slotCount = (ProbeTable.slotCount(count) + bucket - 1) / bucket * bucket
    while true {
      if let slots = slots(slotCount, count, merge) { return slots }
      slotCount += slotCount / 8 * bucket
    }
  }

  /// Returns nil if the tail is too short.
  private static func slots(
    _ slotCount: Int, _ count: Int, _ merge: (Int) -> (left: UInt32, right: UInt32, rank: UInt32)
  ) -> [UInt64]? {
    var slots = [UInt64](repeating: empty, count: slotCount)
    let starts = starts(slotCount)
    let fits = slots.withUnsafeMutableBufferPointer { slots in
      for index in 0..<count {
        let (left, right, rank) = merge(index)
        let key = key(left, right)
        var slot = ProbeTable.start(hash(key), starts) * bucket
        while slots[slot] != empty, slots[slot] >> rankBits != key { slot += 1 }
        guard slot < slotCount - bucket else { return false }
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
