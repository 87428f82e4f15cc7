/// Finds a token by its bytes: open addressing over 32-bit slots that hold a token's number and 11 bits of
/// its hash, at most half of them taken. One lookup costs one slot and, on a likely hit, the comparison of the
/// token's own bytes.
struct PieceTable {
  let slots: UnsafePointer<UInt32>
  /// How far a hash is shifted to give a slot; 64 less the logarithm of the number of slots.
  let shift: UInt64
  let mask: Int

  private static let idMask = UInt32(VocabularyLayout.maximumTokens)

  /// Requires a power of two of slots, one or more of them empty.
  init(_ slots: UnsafeBufferPointer<UInt32>, base: UnsafePointer<UInt32>) {
    self.slots = slots.baseAddress ?? base
    mask = slots.count - 1
    shift = UInt64(64 - slots.count.trailingZeroBitCount)
  }

  /// The token with these bytes. `starts` and `bytes` are the vocabulary's.
  @inline(__always)
  func find(
    _ piece: UnsafePointer<UInt8>, _ count: Int, starts: UnsafePointer<UInt32>, bytes: UnsafePointer<UInt8>
  ) -> UInt32 {
    let hash = PieceHash.of(piece, count)
    var slot = Int(truncatingIfNeeded: hash >> shift)
    let tag = Self.tag(hash)
    while true {
      let entry = slots[slot]
      if entry == VocabularyLayout.none { return VocabularyLayout.none }
      if entry & ~Self.idMask == tag {
        let id = entry & Self.idMask
        let start = starts[Int(id)]
        if Int(starts[Int(id) &+ 1] &- start) == count, PieceHash.equal(bytes + Int(start), piece, count) {
          return id
        }
      }
      slot = (slot &+ 1) & mask
    }
  }

  /// The slots for some tokens; of tokens with the same bytes the first counts.
  static func slots(
    for ids: [UInt32], starts: UnsafePointer<UInt32>, bytes: UnsafePointer<UInt8>
  ) -> [UInt32] {
    let count = slotCount(ids.count)
    return [UInt32](unsafeUninitializedCapacity: count) { slots, initialized in
      guard let base = slots.baseAddress else { return }
      base.initialize(repeating: VocabularyLayout.none, count: count)
      initialized = count
      let table = PieceTable(UnsafeBufferPointer(slots), base: UnsafePointer(base))
      for id in ids {
        let start = Int(starts[Int(id)])
        let length = Int(starts[Int(id) + 1]) - start
        let hash = PieceHash.of(bytes + start, length)
        var slot = Int(truncatingIfNeeded: hash >> table.shift)
        var isNew = true
        while slots[slot] != VocabularyLayout.none {
          if slots[slot] & ~idMask == tag(hash) {
            let other = Int(slots[slot] & idMask)
            let otherStart = Int(starts[other])
            if Int(starts[other + 1]) - otherStart == length,
              PieceHash.equal(bytes + otherStart, bytes + start, length)
            {
              isNew = false
              break
            }
          }
          slot = (slot + 1) & table.mask
        }
        if isNew { slots[slot] = tag(hash) | id }
      }
    }
  }

  /// A power of two that is at least twice `entries`.
  static func slotCount(_ entries: Int) -> Int {
    var count = 16
    while count < entries * 2 { count *= 2 }
    return count
  }

  /// The bits of the hash that a slot keeps. All ones would make an empty slot of the last token number,
  /// which `maximumTokens` therefore excludes.
  @inline(__always)
  private static func tag(_ hash: UInt64) -> UInt32 {
    UInt32(truncatingIfNeeded: hash) & ~idMask
  }
}

/// The hash of a piece of text, 8 bytes at a time.
enum PieceHash {
  private static let first: UInt64 = 0x9E37_79B9_7F4A_7C15
  private static let second: UInt64 = 0xD6E8_FEB8_6659_FD93

  @inline(__always)
  static func of(_ piece: UnsafePointer<UInt8>, _ count: Int) -> UInt64 {
    let ends = ends(piece, count)
    var state = mix(ends.0 ^ first, ends.1 ^ second &+ UInt64(truncatingIfNeeded: count))
    if count > 16 {
      // The first eight bytes and the last eight are in `ends`.
      var place = 8
      while place < count &- 8 {
        state = mix(state ^ word(piece, min(place, count &- 8)), second)
        place &+= 8
      }
    }
    return state
  }

  /// Whether two pieces of the same length are the same.
  @inline(__always)
  static func equal(_ a: UnsafePointer<UInt8>, _ b: UnsafePointer<UInt8>, _ count: Int) -> Bool {
    let (endsA, endsB) = (ends(a, count), ends(b, count))
    guard endsA.0 == endsB.0, endsA.1 == endsB.1 else { return false }
    var place = 8
    while place < count &- 8 {
      if word(a, min(place, count &- 8)) != word(b, min(place, count &- 8)) { return false }
      place &+= 8
    }
    return true
  }

  /// Two words that hold all bytes of up to 16, and the ends of longer ones; nothing beyond is read.
  @inline(__always)
  private static func ends(_ piece: UnsafePointer<UInt8>, _ count: Int) -> (UInt64, UInt64) {
    if count >= 8 { return (word(piece, 0), word(piece, count &- 8)) }
    if count >= 4 { return (half(piece, 0), half(piece, count &- 4)) }
    if count == 0 { return (0, 0) }
    let low = UInt64(piece[0]) | UInt64(piece[count >> 1]) << 8 | UInt64(piece[count &- 1]) << 16
    return (low, 0)
  }

  @inline(__always)
  private static func word(_ piece: UnsafePointer<UInt8>, _ place: Int) -> UInt64 {
    UnsafeRawPointer(piece).loadUnaligned(fromByteOffset: place, as: UInt64.self)
  }

  @inline(__always)
  private static func half(_ piece: UnsafePointer<UInt8>, _ place: Int) -> UInt64 {
    UInt64(UnsafeRawPointer(piece).loadUnaligned(fromByteOffset: place, as: UInt32.self))
  }

  @inline(__always)
  private static func mix(_ a: UInt64, _ b: UInt64) -> UInt64 {
    let product = a.multipliedFullWidth(by: b)
    return product.high ^ product.low
  }
}
