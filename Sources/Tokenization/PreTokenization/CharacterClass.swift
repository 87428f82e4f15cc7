/// The Unicode properties that pre-tokenization patterns test. Every character has at most one of these bits,
/// so a bracket expression such as `[\p{L}\p{M}]` is a mask and membership is one AND.
package struct CharacterClass: OptionSet, Sendable {
  package let rawValue: UInt8

  package init(rawValue: UInt8) { self.rawValue = rawValue }

  /// `\p{Lu}` and `\p{Lt}`.
  package static let upper = CharacterClass(rawValue: 1 << 0)
  /// `\p{Ll}`.
  package static let lower = CharacterClass(rawValue: 1 << 1)
  /// `\p{Lm}` and `\p{Lo}`: letters without case, such as Chinese and Arabic ones.
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

  /// The class of a code point; empty for unassigned code points, control and format characters.
  package static func of(_ point: UInt32) -> CharacterClass {
    if point < tableEnd { return CharacterClass(rawValue: table[Int(point)]) }
    return (0xE0100...0xE01EF).contains(point) ? .mark : []
  }

  /// One byte for each code point up to `tableEnd` (200 KB, of which a text touches a few pages). Unpacked
  /// once, in about 50 microseconds, and kept for the life of the process.
  nonisolated(unsafe) static let table: UnsafePointer<UInt8> = {
    let table = UnsafeMutablePointer<UInt8>.allocate(capacity: tableEnd)
    var digits = RunDigits()
    var position = 0
    while position < tableEnd, let value = digits.next() {
      let (length, kind) = (min(value / 10, tableEnd - position), value % 10)
      for index in 0..<length {
        // Kind 9 alternates upper and lower case; 0 is no class; the others are bit numbers, starting at 1.
        let bit = kind == 9 ? index % 2 : kind - 1
        table[position + index] = bit < 0 ? 0 : 1 << UInt8(truncatingIfNeeded: bit)
      }
      position += length
    }
    (table + position).update(repeating: 0, count: tableEnd - position)
    return UnsafePointer(table)
  }()

  /// Decodes the numbers in `runs`: base-32 digits, the least significant first; bit 5 means that another
  /// digit follows.
  private struct RunDigits {
    var position = 0

    mutating func next() -> Int? {
      var value = 0
      var shift = 0
      while position < runs.utf8CodeUnitCount {
        let digit = Self.value(of: runs.utf8Start[position])
        position += 1
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
