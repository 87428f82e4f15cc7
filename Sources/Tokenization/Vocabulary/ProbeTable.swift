/// Common to the hash tables: open addressing with linear probing, without wrapping around. A tail of slots
/// follows those at which searches start, and the last slot is always empty, so every search ends.
enum ProbeTable {
  /// The number of slots in the tail.
  static let tail = 512
  /// The smallest number of slots in a table.
  static let fewest = 16 + tail

  /// The number of slots at which searches start, in a table of `slotCount` slots.
  static func starts(_ slotCount: Int) -> UInt64 { UInt64(max(slotCount - tail, 1)) }

  /// The number of slots for so many entries: a load factor of 3/5.
  static func slotCount(_ entries: Int) -> Int { entries / 3 * 5 + fewest }

  /// The slot at which the search for a hash starts: the high bits of the product are well distributed.
  @inline(__always)
  static func start(_ hash: UInt64, _ starts: UInt64) -> Int {
    Int(truncatingIfNeeded: hash.multipliedFullWidth(by: starts).high)
  }
}
