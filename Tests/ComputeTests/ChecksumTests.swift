import Compute
import Testing

struct ChecksumTests {
  /// The definition in checksum.h, word by word.
  private func reference(_ bytes: [UInt8]) -> UInt64 {
    let multiplier: UInt64 = 0x9e37_79b9_7f4a_7c15, finish: UInt64 = 0xd6e8_feb8_6659_fd93
    func step(_ lane: UInt64, _ word: UInt64) -> UInt64 {
      let x = lane ^ word
      return (x << 27 | x >> 37) &* multiplier
    }
    var lanes = (1...8).map { UInt64($0) &* finish }
    let padded = bytes + [UInt8](repeating: 0, count: (64 - bytes.count % 64) % 64)
    for index in 0..<padded.count / 8 {
      let word = (0..<8).reduce(UInt64(0)) { $0 | UInt64(padded[index * 8 + $1]) << (8 * UInt64($1)) }
      lanes[index % 8] = step(lanes[index % 8], word)
    }
    var result = UInt64(bytes.count)
    for lane in lanes {
      let mixed = (lane ^ lane >> 32) &* finish
      result = step(result, mixed ^ mixed >> 29)
    }
    result = (result ^ result >> 32) &* finish
    return result ^ result >> 32
  }

  @Test func equalsItsDefinitionInWhateverPortions() {
    var random = SeededGenerator(1)
    for count in Array(0...200) + [1000, 4096, 5003] {
      let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
      let expected = reference(bytes)
      #expect(Checksum.of(bytes) == expected, "\(count)")
      var sum = Checksum()
      var start = 0
      while start < count {
        let end = min(count, start + Int.random(in: 0...90, using: &random))
        bytes[start..<end].withUnsafeBytes { sum.add($0) }
        start = end
      }
      #expect(sum.value == expected, "\(count)")
    }
  }

  @Test func everyChangeOfAByteIsFound() {
    var random = SeededGenerator(2)
    var bytes = (0..<150).map { _ in UInt8.random(in: 0...3, using: &random) }
    let whole = Checksum.of(bytes)
    for place in bytes.indices {
      for mask in 1...255 {
        bytes[place] ^= UInt8(mask)
        if Checksum.of(bytes) == whole { Issue.record("byte \(place), \(mask)") }
        bytes[place] ^= UInt8(mask)
      }
    }
    // Lengths count, though zeros fill the last block.
    #expect(Set((0..<200).map { Checksum.of([UInt8](repeating: 0, count: $0)) }).count == 200)
  }
}
