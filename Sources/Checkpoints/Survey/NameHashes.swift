/// Finds out whether names occur twice, by their hashes: a few nanoseconds a name, and no memory for the names themselves.
/// Two different names may have the same hash, so the answer "twice" has to be verified.
struct NameHashes {
  private var hashes: [UInt64] = []

  /// Adds a name.
  /// - Returns: whether the name consists of ASCII characters.
  mutating func add(_ name: UnsafeRawBufferPointer) -> Bool {
    var hash = UInt64(name.count)
    var all: UInt64 = 0
    var offset = 0
    while offset + 8 <= name.count {
      let word = name.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
      all |= word
      hash = Self.mix(hash, word)
      offset += 8
    }
    var rest: UInt64 = 0
    while offset < name.count {
      rest = rest << 8 | UInt64(name[offset])
      offset += 1
    }
    hashes.append(Self.mix(hash, rest))
    return (all | rest) & 0x8080_8080_8080_8080 == 0
  }

  /// Whether two of the names may be equal.
  func mayRepeat() -> Bool {
    let sorted = hashes.sorted()
    return zip(sorted, sorted.dropFirst()).contains { $0 == $1 }
  }

  /// Whether these are the same names as others, up to names of the same hash.
  func matches(_ other: NameHashes) -> Bool { hashes.sorted() == other.hashes.sorted() }

  private static func mix(_ hash: UInt64, _ word: UInt64) -> UInt64 {
    let product = (hash ^ word) &* 0x9E37_79B1_85EB_CA87
    return product ^ product >> 29
  }
}
