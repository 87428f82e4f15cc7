/// The width of text in terminal columns, by grapheme cluster.
///
/// ASCII costs one comparison; other characters a binary search in two tables of some 500 ranges.
package enum CharacterWidth {
  /// The columns of one scalar: 0, 1 or 2. Control characters have none, as they are never sent to the terminal.
  package static func columns(of scalar: Unicode.Scalar) -> Int {
    let value = scalar.value
    if value < 0x7F { return value < 0x20 ? 0 : 1 }
    if value < 0xA0 { return 0 }
    if value < 0x300 { return 1 }
    if contains(WidthTables.zero, value) { return 0 }
    return contains(WidthTables.wide, value) ? 2 : 1
  }

  /// The columns of a grapheme cluster: the sum of its scalars, or two for an emoji sequence (joined emoji, flags,
  /// keycaps, skin tones, text symbols with the emoji variation selector).
  package static func columns(of character: Character) -> Int {
    let scalars = character.unicodeScalars
    guard let first = scalars.first else { return 0 }
    let second = scalars.index(after: scalars.startIndex)
    if second == scalars.endIndex { return columns(of: first) }
    if isPicture(scalars) { return 2 }
    return scalars.reduce(0) { $0 + columns(of: $1) }
  }

  /// The columns of a text without line breaks or tabs.
  package static func columns(of text: some StringProtocol) -> Int {
    // Most texts are printable ASCII, which needs no division into clusters.
    var count = 0
    for byte in text.utf8 {
      guard 0x20..<0x7F ~= byte else { return text.reduce(0) { $0 + columns(of: $1) } }
      count += 1
    }
    return count
  }

  /// True for an emoji sequence of several scalars, which terminals with cluster support draw in two columns.
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

  /// True for a regional indicator, one half of a flag.
  package static func isRegional(_ scalar: Unicode.Scalar) -> Bool { 0x1F1E6...0x1F1FF ~= scalar.value }

  // Digits and a few ASCII signs have the emoji property because keycaps contain them.
  private static func isPictograph(_ scalar: Unicode.Scalar) -> Bool {
    !scalar.isASCII && scalar.properties.isEmoji
  }

  /// Binary search in pairs of (first code point, number of following code points), in ascending order.
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
