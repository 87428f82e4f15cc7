/// What the pre-tokenizers' patterns ask of a character. Every character has at most one of these bits, so a
/// bracket expression such as `[\p{L}\p{M}]` is a mask and membership is one test.
package struct CharacterClass: OptionSet, Sendable {
  package let rawValue: UInt8

  package init(rawValue: UInt8) { self.rawValue = rawValue }

  /// `\p{Lu}` and `\p{Lt}`.
  package static let upper = CharacterClass(rawValue: 1 << 0)
  /// `\p{Ll}`.
  package static let lower = CharacterClass(rawValue: 1 << 1)
  /// `\p{Lm}` and `\p{Lo}`: letters without case, such as those of Chinese and Arabic.
  package static let caseless = CharacterClass(rawValue: 1 << 2)
  /// `\p{M}`.
  package static let mark = CharacterClass(rawValue: 1 << 3)
  /// `\p{N}`.
  package static let number = CharacterClass(rawValue: 1 << 4)
  /// `\s`.
  package static let space = CharacterClass(rawValue: 1 << 5)
  /// `\p{P}`.
  package static let punctuation = CharacterClass(rawValue: 1 << 6)
  /// `\p{S}`.
  package static let symbol = CharacterClass(rawValue: 1 << 7)
  /// `\p{L}`.
  package static let letter: CharacterClass = [.upper, .lower, .caseless]

  /// The class of a code point; nothing for those that are unassigned, control or format characters.
  package static func of(_ point: UInt32) -> CharacterClass {
    if point < tableEnd { return CharacterClass(rawValue: table[Int(point)]) }
    return (0xE0100...0xE01EF).contains(point) ? .mark : []
  }

  /// One byte a code point up to `tableEnd` (200 KB, of which a text touches a few pages), unpacked once in
  /// some 50 microseconds and kept as long as the process.
  nonisolated(unsafe) static let table: UnsafePointer<UInt8> = {
    let table = UnsafeMutablePointer<UInt8>.allocate(capacity: tableEnd)
    var digits = RunDigits()
    var place = 0
    while place < tableEnd, let value = digits.next() {
      let (length, kind) = (min(value / 10, tableEnd - place), value % 10)
      for index in 0..<length {
        // Kind 9 alternates upper and lower; 0 is no class; the others number the bits from 1.
        let bit = kind == 9 ? index % 2 : kind - 1
        table[place + index] = bit < 0 ? 0 : 1 << UInt8(truncatingIfNeeded: bit)
      }
      place += length
    }
    (table + place).update(repeating: 0, count: tableEnd - place)
    return UnsafePointer(table)
  }()

  /// Reads the numbers in `runs`: digits of 5 bits, the least significant first, the sixth bit for "more".
  private struct RunDigits {
    var place = 0

    mutating func next() -> Int? {
      var value = 0
      var shift = 0
      while place < runs.utf8CodeUnitCount {
        let digit = Self.value(of: runs.utf8Start[place])
        place += 1
        value += (digit & 31) << shift
        shift += 5
        if digit < 32 { return value }
      }
      return nil
    }

    private static func value(of digit: UInt8) -> Int {
      switch digit {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(digit - UInt8(ascii: "0"))
      case UInt8(ascii: "A")...UInt8(ascii: "Z"): Int(digit - UInt8(ascii: "A")) + 10
      case UInt8(ascii: "a")...UInt8(ascii: "z"): Int(digit - UInt8(ascii: "a")) + 36
      case UInt8(ascii: "-"): 62
      default: 63
      }
    }
  }
}
