/// Byte-pair merging of a short token sequence: repeatedly merges the pair with the lowest rank, the leftmost
/// of equal ones. Finds it by a linear scan, which for so few tokens is faster than maintaining a heap.
struct ScanMerger: ~Copyable {
  static let longestRow = 128

  /// For each position the rank of the merge with the next token, shifted, plus the position, so that the
  /// minimum is the next merge; `none` where there is no merge and beyond the last position.
  private let keys: UnsafeMutablePointer<Int32>
  private let next: UnsafeMutablePointer<UInt8>
  private let previous: UnsafeMutablePointer<UInt8>

  private static let positionBits: Int32 = 7
  /// The smallest key that means "no merge".
  private static let none = Int32(PairTable.none) << positionBits
  private typealias Lanes = SIMD8<Int32>
  private typealias Positions = SIMD16<UInt8>
  private static let firstPositions = Positions(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)

  init() {
    keys = .allocate(capacity: Self.longestRow)
    next = .allocate(capacity: Self.longestRow)
    previous = .allocate(capacity: Self.longestRow)
  }

  deinit {
    keys.deallocate()
    next.deallocate()
    previous.deallocate()
  }

  /// Merges the `count` tokens of `row` (at most `longestRow`) in place and appends the result to `output`.
  /// - Parameter text: the bytes of the tokens if each is one byte; else nil.
  func merge(
    _ row: UnsafeMutablePointer<UInt32>, _ count: Int, text: UnsafePointer<UInt8>?, _ tables: MergeTables,
    _ output: inout TokenBuffer
  ) {
    guard count > 1 else {
      output.reserve(1)
      if count == 1 { output.append(row[0]) }
      return
    }
    output.reserve(count)
    let laneCount = (count &+ Lanes.scalarCount &- 1) / Lanes.scalarCount
    if let text {
      for position in 0..<count &- 1 {
        keys[position] = Self.key(tables.rank(bytes: text[position], text[position &+ 1]), position)
      }
    } else {
      for position in 0..<count &- 1 {
        keys[position] = Self.key(tables.rank(row[position], row[position &+ 1]), position)
      }
    }
    for position in count &- 1..<laneCount &* Lanes.scalarCount { keys[position] = Self.none }
    for position in stride(from: 0, to: count, by: Positions.scalarCount) {
      let positions = Self.firstPositions &+ Positions(repeating: UInt8(truncatingIfNeeded: position))
      UnsafeMutableRawPointer(next).storeBytes(
        of: positions &+ .one, toByteOffset: position, as: Positions.self)
      UnsafeMutableRawPointer(previous).storeBytes(
        of: positions &- .one, toByteOffset: position, as: Positions.self)
    }
    var best = leastKey(laneCount)
    while best < Self.none {
      let position = Int(best & (1 << Self.positionBits &- 1))
      let result = tables.result(ofMerge: UInt32(truncatingIfNeeded: best >> Self.positionBits))
      if result == VocabularyLayout.none {
        keys[position] = Self.none
        best = leastKey(laneCount)
        continue
      }
      let second = Int(next[position])
      let third = Int(next[second])
      let before = Int(previous[position])
      row[position] = result
      next[position] = UInt8(truncatingIfNeeded: third)
      keys[position] = Self.none
      keys[second] = Self.none
      // Scan the other keys before looking up the two new ones: the scan overlaps with the cache misses.
      var (keyBefore, keyAfter) = (Self.none, Self.none)
      if position > 0 { keys[before] = Self.none }
      best = leastKey(laneCount)
      if third < count {
        previous[third] = UInt8(truncatingIfNeeded: position)
        keyAfter = Self.key(tables.rank(result, row[third]), position)
        keys[position] = keyAfter
      }
      if position > 0 {
        keyBefore = Self.key(tables.rank(row[before], result), before)
        keys[before] = keyBefore
      }
      best = min(best, keyBefore, keyAfter)
    }
    var position = 0
    while position < count {
      output.append(row[position])
      position = Int(next[position])
    }
  }

  @inline(__always)
  private static func key(_ rank: UInt32, _ position: Int) -> Int32 {
    Int32(truncatingIfNeeded: rank) << positionBits | Int32(truncatingIfNeeded: position)
  }

  @inline(__always)
  private func leastKey(_ laneCount: Int) -> Int32 {
    if laneCount == 1 {
      // Scalar loads: store-to-load forwarding needs loads of the same width as the stores just made.
      return min(
        min(min(keys[0], keys[1]), min(keys[2], keys[3])), min(min(keys[4], keys[5]), min(keys[6], keys[7])))
    }
    let lanes = UnsafeRawPointer(keys)
    var least = lanes.loadUnaligned(as: Lanes.self)
    for index in 1..<laneCount {
      let more = lanes.loadUnaligned(fromByteOffset: index &* MemoryLayout<Lanes>.stride, as: Lanes.self)
      least.replace(with: more, where: more .< least)
    }
    return least.min()
  }
}
