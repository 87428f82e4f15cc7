/// Names the sources of a compiled vocabulary by their content: 128 bits over all bytes that it was made of.
///
/// Reads 16 bytes a multiplication, about 10 GB/s, so that a 28 MB tokenizer.json costs 3 ms. It tells apart
/// what differs by chance or by an edit; it is not made against someone who looks for two files with the same
/// key, who would gain nothing but the wrong vocabulary for a file of theirs.
package struct ContentKey: Hashable, Sendable {
  private(set) var low: UInt64
  private(set) var high: UInt64

  init() {
    low = 0x243F_6A88_85A3_08D3
    high = 0x1319_8A2E_0370_7344
  }

  init(low: UInt64, high: UInt64) {
    self.low = low
    self.high = high
  }

  /// 32 hexadecimal digits.
  var text: String { Self.hexadecimal(high) + Self.hexadecimal(low) }

  private static func hexadecimal(_ word: UInt64) -> String {
    let digits = String(word, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  /// Takes in the bytes of one source, and where it ends.
  mutating func add(_ bytes: UnsafeRawBufferPointer) {
    // Four lanes, so that multiplications overlap.
    var lanes = (
      low ^ UInt64(bytes.count), high, low &+ 0xA409_3822_299F_31D0, high &+ 0x082E_FA98_EC4E_6C89
    )
    var place = 0
    while place &+ 64 <= bytes.count {
      lanes.0 = Self.mix(Self.word(bytes, place) ^ lanes.0, Self.word(bytes, place &+ 8) ^ Self.odd)
      lanes.1 = Self.mix(Self.word(bytes, place &+ 16) ^ lanes.1, Self.word(bytes, place &+ 24) ^ Self.odd)
      lanes.2 = Self.mix(Self.word(bytes, place &+ 32) ^ lanes.2, Self.word(bytes, place &+ 40) ^ Self.odd)
      lanes.3 = Self.mix(Self.word(bytes, place &+ 48) ^ lanes.3, Self.word(bytes, place &+ 56) ^ Self.odd)
      place &+= 64
    }
    while place < bytes.count {
      var word: UInt64 = 0
      for index in 0..<min(8, bytes.count &- place) {
        word |= UInt64(bytes[place &+ index]) << UInt64(8 &* index)
      }
      lanes.0 = Self.mix(word ^ lanes.0, lanes.2 ^ Self.odd)
      lanes.1 = Self.mix(word ^ lanes.3, lanes.1 ^ Self.odd)
      place &+= 8
    }
    low = Self.mix(lanes.0 ^ Self.odd, lanes.1 &+ lanes.2) ^ lanes.3
    high = Self.mix(lanes.2 ^ lanes.0, lanes.3 &+ Self.odd) &+ lanes.1
  }

  /// Takes in a text.
  mutating func add(_ text: String) {
    var text = text
    text.withUTF8 { add(UnsafeRawBufferPointer($0)) }
  }

  /// One word over some bytes, by which damage is noticed.
  package static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
    var key = ContentKey()
    key.add(bytes)
    return key.low ^ key.high
  }

  private static let odd: UInt64 = 0x9E37_79B9_7F4A_7C15

  @inline(__always)
  private static func word(_ bytes: UnsafeRawBufferPointer, _ place: Int) -> UInt64 {
    bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self)
  }

  @inline(__always)
  private static func mix(_ a: UInt64, _ b: UInt64) -> UInt64 {
    let product = a.multipliedFullWidth(by: b)
    return product.high ^ product.low
  }
}
