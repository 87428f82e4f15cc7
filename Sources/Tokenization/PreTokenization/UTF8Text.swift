/// Decodes characters of text that is known to be valid UTF-8.
enum UTF8Text {
  /// The code point at `position` and its length in bytes.
  @inline(__always)
  static func point(_ text: UnsafePointer<UInt8>, at position: Int) -> (value: UInt32, length: Int) {
    let first = UInt32(text[position])
    if first < 0x80 { return (first, 1) }
    let second = UInt32(text[position &+ 1]) & 0x3F
    if first < 0xE0 { return ((first & 0x1F) << 6 | second, 2) }
    let third = UInt32(text[position &+ 2]) & 0x3F
    if first < 0xF0 { return ((first & 0x0F) << 12 | second << 6 | third, 3) }
    let fourth = UInt32(text[position &+ 3]) & 0x3F
    return ((first & 0x07) << 18 | second << 12 | third << 6 | fourth, 4)
  }

  /// The class of the character at `position` and its length in bytes; `classes` is `CharacterClass.table`.
  @inline(__always)
  static func character(
    _ text: UnsafePointer<UInt8>, at position: Int, _ classes: UnsafePointer<UInt8>
  ) -> (kind: UInt8, length: Int) {
    let first = text[position]
    if first < 0x80 { return (classes[Int(first)], 1) }
    let (value, length) = point(text, at: position)
    if value < CharacterClass.tableEnd { return (classes[Int(value)], length) }
    return (CharacterClass.of(value).rawValue, length)
  }

  /// The length of the character that starts with `first`.
  @inline(__always)
  static func length(startingWith first: UInt8) -> Int {
    first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
  }

  /// Whether the bytes are exactly one valid character.
  static func isCharacter(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    guard let base = bytes.baseAddress, let first = bytes.first, bytes.count == length(startingWith: first),
      bytes.dropFirst().allSatisfy({ $0 & 0xC0 == 0x80 })
    else { return false }
    let value = point(base, at: 0).value
    switch bytes.count {
    case 1: return first < 0x80
    case 2: return value >= 0x80 && first >= 0xC2
    case 3: return value >= 0x800 && !(0xD800...0xDFFF).contains(value)
    default: return first < 0xF8 && value >= 0x10000 && value < 0x110000
    }
  }
}
