/// How many columns text takes in a terminal, by grapheme cluster.
///
/// ASCII costs one comparison; other characters a binary search in two tables of some 500 ranges.
package enum CharacterWidth {
  /// Columns of one scalar by itself: 0, 1 or 2. Control characters count 0: they never reach the terminal.
  package static func columns(of scalar: Unicode.Scalar) -> Int {
    let value = scalar.value
    if value < 0x7F { return value < 0x20 ? 0 : 1 }
    if value < 0xA0 { return 0 }
    if value < 0x300 { return 1 }
    if contains(WidthTables.zero, value) { return 0 }
    return contains(WidthTables.wide, value) ? 2 : 1
  }

  /// Columns of a grapheme cluster: the sum of its scalars, but two for what is drawn as one picture (joined emoji,
  /// flags, keycaps, skin tones, text symbols that a variation selector turns into emoji).
  package static func columns(of character: Character) -> Int {
    let scalars = character.unicodeScalars
    guard let first = scalars.first else { return 0 }
    let second = scalars.index(after: scalars.startIndex)
    if second == scalars.endIndex { return columns(of: first) }
    if isPicture(scalars) { return 2 }
    return scalars.reduce(0) { $0 + columns(of: $1) }
  }

  /// Columns of a text without line breaks or tabs.
  package static func columns(of text: some StringProtocol) -> Int {
    text.reduce(0) { $0 + columns(of: $1) }
  }

  /// True for a cluster of several scalars that terminals which know clusters draw as one picture of two columns.
  package static func isPicture(_ scalars: Character.UnicodeScalarView) -> Bool {
    guard let first = scalars.first else { return false }
    var previous = first
    for scalar in scalars.dropFirst() {
      if previous.value == 0x200D && isPictograph(scalar) && isPictograph(first) { return true }
      switch scalar.value {
      case 0xFE0F where first.properties.isEmoji: return true
      case 0x1F3FB...0x1F3FF where first.properties.isEmojiModifierBase: return true
      case 0x1F1E6...0x1F1FF where isRegional(previous): return true
      case 0xE0020...0xE007F where first.value == 0x1F3F4: return true
      default: break
      }
      previous = scalar
    }
    return false
  }

  /// Half of a flag.
  package static func isRegional(_ scalar: Unicode.Scalar) -> Bool { 0x1F1E6...0x1F1FF ~= scalar.value }

  // Digits and a few signs count as emoji because keycaps are made of them.
  private static func isPictograph(_ scalar: Unicode.Scalar) -> Bool {
    !scalar.isASCII && scalar.properties.isEmoji
  }

  /// Searches pairs of (first, count of those that follow) in ascending order.
  private static func contains(_ table: [UInt32], _ value: UInt32) -> Bool {
    var low = 0
    var high = table.count / 2 - 1
    while low <= high {
      let middle = (low + high) / 2
      let first = table[2 * middle]
      if value < first {
        high = middle - 1
      } else if value > first + table[2 * middle + 1] {
        low = middle + 1
      } else {
        return true
      }
    }
    return false
  }
}
