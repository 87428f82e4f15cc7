import Basics
import Testing

struct XXHashTests {
  /// Bytes from a formula that the Python command below also uses.
  private static func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 131 &+ $0 / 7) }
  }

  /// From the Python package `xxhash` 4.1.0: `xxhash.xxh64(bytes((i*131+i//7) % 256 for i in range(n)), seed)`.
  @Test(arguments: XXHashReference.values)
  func equalsTheReference(_ count: Int, _ seed: UInt64, _ expected: UInt64) {
    let bytes = Self.bytes(count)
    var hash = XXHash64(seed: seed)
    hash.update(bytes)
    #expect(hash.digest == expected)
  }

  @Test func chunkSizesDoNotAffectTheHash() {
    var random = SystemRandomNumberGenerator()
    for count in Array(0...100) + [1000, 4096, 5003] {
      let bytes = Self.bytes(count)
      var hash = XXHash64()
      var start = 0
      while start < count {
        let end = min(count, start + Int.random(in: 0...90, using: &random))
        bytes[start..<end].withUnsafeBytes { hash.update($0) }
        start = end
      }
      #expect(hash.digest == XXHash64.hash(bytes), "\(count)")
    }
  }

  @Test func hashesTexts() {
    // Expected values from the same package, for the UTF-8 of the texts.
    #expect(XXHash64.hash("") == 0xEF46_DB37_51D8_E999)
    #expect(XXHash64.hash("Größe 日本") == XXHashReference.text)
    #expect(UInt64(0xBEEF).hexadecimal == "000000000000beef")
  }
}
