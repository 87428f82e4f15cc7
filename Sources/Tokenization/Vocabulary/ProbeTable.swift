/// What the tables for lookup have in common: open addressing without wrapping around. A search goes from its
/// slot upwards to an empty one; behind the slots that searches start from is a tail for those pushed on, and
/// the last slot is always empty, so that every search ends.
enum ProbeTable {
  /// The slots behind those that searches start from.
  static let tail = 512
  /// The fewest slots of a table.
  static let fewest = 16 + tail

  /// How many slots searches in a table of so many can start from.
  static func starts(_ slotCount: Int) -> UInt64 { UInt64(max(slotCount - tail, 1)) }

  /// How many slots a table should have; 3 of 5 are taken then.
  static func slotCount(_ entries: Int) -> Int { entries / 3 * 5 + fewest }

  /// The slot that a search starts from. The high bits of a product spread well.
  @inline(__always)
  static func start(_ hash: UInt64, _ starts: UInt64) -> Int {
    Int(truncatingIfNeeded: hash.multipliedFullWidth(by: starts).high)
  }
}
