/// Encodes a short row of tokens by doing what the rule says: of all neighbours that merge, those whose merge
/// has the lowest number, of several the leftmost, until none do. Looks at all numbers for the lowest, which for
/// rows this short takes less time than any order that would have to be kept.
struct ScanMerger: ~Copyable {
  static let longestRow = 128

  /// For each place the number of the merge of its token with the next one, and behind it the place, so that
  /// the least key is the merge that comes first; `none` where there is no merge, and behind the last place.
  private let keys: UnsafeMutablePointer<Int32>
  private let next: UnsafeMutablePointer<UInt8>
  private let previous: UnsafeMutablePointer<UInt8>

  private static let placeBits: Int32 = 7
  /// The least of the keys that are no merge.
  private static let none = Int32(PairTable.none) << placeBits
  private typealias Lanes = SIMD8<Int32>
  private typealias Places = SIMD16<UInt8>
  private static let firstPlaces = Places(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)

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

  /// Merges `count` tokens of `row`, `longestRow` at most, in their place and adds what they become to `output`.
  /// - Parameter text: the bytes that the tokens are, one each; nil where they are not bytes.
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
      for place in 0..<count &- 1 {
        keys[place] = Self.key(tables.rank(bytes: text[place], text[place &+ 1]), place)
      }
    } else {
      for place in 0..<count &- 1 {
        keys[place] = Self.key(tables.rank(row[place], row[place &+ 1]), place)
      }
    }
    for place in count &- 1..<laneCount &* Lanes.scalarCount { keys[place] = Self.none }
    for place in stride(from: 0, to: count, by: Places.scalarCount) {
      let places = Self.firstPlaces &+ Places(repeating: UInt8(truncatingIfNeeded: place))
      UnsafeMutableRawPointer(next).storeBytes(of: places &+ .one, toByteOffset: place, as: Places.self)
      UnsafeMutableRawPointer(previous).storeBytes(of: places &- .one, toByteOffset: place, as: Places.self)
    }
    var best = leastKey(laneCount)
    while best < Self.none {
      let place = Int(best & (1 << Self.placeBits &- 1))
      let made = tables.made(UInt32(truncatingIfNeeded: best >> Self.placeBits))
      if made == VocabularyLayout.none {
        keys[place] = Self.none
        best = leastKey(laneCount)
        continue
      }
      let second = Int(next[place])
      let third = Int(next[second])
      let before = Int(previous[place])
      row[place] = made
      next[place] = UInt8(truncatingIfNeeded: third)
      keys[place] = Self.none
      keys[second] = Self.none
      // The others are looked at before the new keys are known, for which memory may be waited for.
      var (keyBefore, keyAfter) = (Self.none, Self.none)
      if place > 0 { keys[before] = Self.none }
      best = leastKey(laneCount)
      if third < count {
        previous[third] = UInt8(truncatingIfNeeded: place)
        keyAfter = Self.key(tables.rank(made, row[third]), place)
        keys[place] = keyAfter
      }
      if place > 0 {
        keyBefore = Self.key(tables.rank(row[before], made), before)
        keys[before] = keyBefore
      }
      best = min(best, keyBefore, keyAfter)
    }
    var place = 0
    while place < count {
      output.append(row[place])
      place = Int(next[place])
    }
  }

  @inline(__always)
  private static func key(_ rank: UInt32, _ place: Int) -> Int32 {
    Int32(truncatingIfNeeded: rank) << placeBits | Int32(truncatingIfNeeded: place)
  }

  @inline(__always)
  private func leastKey(_ laneCount: Int) -> Int32 {
    if laneCount == 1 {
      // Single words, because what was just written can be read back at once only in the same shape.
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
