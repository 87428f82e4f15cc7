/// XXH64, the 64-bit checksum of the xxHash family (specification 0.2.0 at github.com/Cyan4973/xxHash), computed
/// incrementally over chunks of any size.
///
/// It detects damage and distinguishes contents; it is not cryptographic. It processes about 4 bytes per cycle, close to
/// memory bandwidth.
package struct XXHash64 {
  private static let prime1: UInt64 = 0x9E37_79B1_85EB_CA87
  private static let prime2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
  private static let prime3: UInt64 = 0x1656_67B1_9E37_79F9
  private static let prime4: UInt64 = 0x85EB_CA77_C2B2_AE63
  private static let prime5: UInt64 = 0x27D4_EB2F_1656_67C5
  private static let stripe = 32

  private let seed: UInt64
  private var lanes: (UInt64, UInt64, UInt64, UInt64)
  /// Bytes so far.
  private var count = 0
  /// The last `count % 32` bytes.
  private var rest: [UInt8] = []

  /// The hash of no bytes.
  package init(seed: UInt64 = 0) {
    self.seed = seed
    lanes = (seed &+ Self.prime1 &+ Self.prime2, seed &+ Self.prime2, seed, seed &- Self.prime1)
  }

  /// Appends bytes; the division into chunks does not affect the hash.
  package mutating func update(_ bytes: UnsafeRawBufferPointer) {
    count += bytes.count
    var bytes = bytes[...]
    if !rest.isEmpty {
      let taken = bytes.prefix(Self.stripe - rest.count)
      rest += taken
      bytes = bytes.dropFirst(taken.count)
      guard rest.count == Self.stripe else { return }
      rest.withUnsafeBytes { consume($0) }
      rest.removeAll(keepingCapacity: true)
    }
    let whole = bytes.count / Self.stripe * Self.stripe
    consume(UnsafeRawBufferPointer(rebasing: bytes.prefix(whole)))
    rest += bytes.dropFirst(whole)
  }

  /// Appends bytes.
  package mutating func update(_ bytes: Bytes) { bytes.withUnsafeBytes { update($0) } }

  /// Appends the UTF-8 of a text.
  package mutating func update(_ text: String) {
    var text = text
    text.withUTF8 { update(UnsafeRawBufferPointer($0)) }
  }

  /// Appends the memory of an array of numbers (little-endian on every supported processor).
  package mutating func update<Number: BitwiseCopyable>(_ numbers: [Number]) {
    numbers.withUnsafeBytes { update($0) }
  }

  /// The hash of all bytes so far.
  package var digest: UInt64 {
    var hash: UInt64
    if count >= Self.stripe {
      hash = Self.rotate(lanes.0, 1) &+ Self.rotate(lanes.1, 7) &+ Self.rotate(lanes.2, 12)
      hash = hash &+ Self.rotate(lanes.3, 18)
      for lane in [lanes.0, lanes.1, lanes.2, lanes.3] {
        hash = (hash ^ Self.round(0, lane)) &* Self.prime1 &+ Self.prime4
      }
    } else {
      hash = seed &+ Self.prime5
    }
    hash &+= UInt64(count)
    return Self.avalanche(rest.withUnsafeBytes { Self.finish(hash, $0) })
  }

  /// Mixes in the last, incomplete stripe: words of 8 bytes, then one of 4, then single bytes.
  private static func finish(_ hash: UInt64, _ rest: UnsafeRawBufferPointer) -> UInt64 {
    var hash = hash
    var offset = 0
    while offset + 8 <= rest.count {
      hash = rotate(hash ^ round(0, word(rest, offset)), 27) &* prime1 &+ prime4
      offset += 8
    }
    if offset + 4 <= rest.count {
      let half = UInt64(UInt32(littleEndian: rest.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
      hash = rotate(hash ^ (half &* prime1), 23) &* prime2 &+ prime3
      offset += 4
    }
    for index in offset..<rest.count {
      hash = rotate(hash ^ (UInt64(rest[index]) &* prime5), 11) &* prime1
    }
    return hash
  }

  private static func avalanche(_ hash: UInt64) -> UInt64 {
    var hash = (hash ^ hash >> 33) &* prime2
    hash = (hash ^ hash >> 29) &* prime3
    return hash ^ hash >> 32
  }

  /// Processes complete stripes.
  private mutating func consume(_ bytes: UnsafeRawBufferPointer) {
    var (a, b, c, d) = lanes
    var offset = 0
    while offset < bytes.count {
      a = Self.round(a, Self.word(bytes, offset))
      b = Self.round(b, Self.word(bytes, offset &+ 8))
      c = Self.round(c, Self.word(bytes, offset &+ 16))
      d = Self.round(d, Self.word(bytes, offset &+ 24))
      offset &+= Self.stripe
    }
    lanes = (a, b, c, d)
  }

  @inline(__always)
  private static func word(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt64 {
    UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }

  @inline(__always)
  private static func rotate(_ x: UInt64, _ bits: UInt64) -> UInt64 { x &<< bits | x &>> (64 &- bits) }

  @inline(__always)
  private static func round(_ lane: UInt64, _ word: UInt64) -> UInt64 {
    rotate(lane &+ word &* prime2, 31) &* prime1
  }
}

extension XXHash64 {
  /// The hash of these bytes.
  package static func hash(_ bytes: Bytes) -> UInt64 {
    var hash = XXHash64()
    hash.update(bytes)
    return hash.digest
  }

  /// The hash of bytes in memory.
  package static func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
    var hash = XXHash64()
    hash.update(bytes)
    return hash.digest
  }

  /// The hash of a text's UTF-8.
  package static func hash(_ text: String) -> UInt64 {
    var hash = XXHash64()
    hash.update(text)
    return hash.digest
  }

  /// The hash of the memory of an array of numbers.
  package static func hash<Number: BitwiseCopyable>(_ numbers: [Number]) -> UInt64 {
    numbers.withUnsafeBytes { hash($0) }
  }
}
