/// Replaces control characters in untrusted text (of a model, a file or the clipboard) with visible characters, so that
/// it is safe to draw. Line feeds, tabs and all other characters are unchanged.
package enum VisibleText {
  /// The same text with control characters as pictures (␛ for escape), line ends as line feeds, and the characters
  /// that reorder text (which can make code look like other code) as a replacement sign.
  package static func of(_ text: String) -> String {
    guard needsWork(text) else { return text }
    var out = String.UnicodeScalarView()
    var afterReturn = false
    for scalar in text.unicodeScalars {
      if scalar == "\n" && afterReturn {
        afterReturn = false
        continue
      }
      afterReturn = scalar == "\r"
      out.append(visible(scalar))
    }
    return String(out)
  }

  /// One line of it: line feeds as ⏎, for places that have only one.
  package static func singleLine(_ text: String) -> String {
    String(of(text).map { $0 == "\n" ? "⏎" : $0 == "\t" ? " " : $0 })
  }

  private static func visible(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
    switch scalar.value {
    case 0x0A, 0x09: scalar
    case 0x0D, 0x2028, 0x2029: "\n"
    case 0x00..<0x20: Unicode.Scalar(0x2400 + scalar.value) ?? "\u{FFFD}"
    case 0x7F: "\u{2421}"
    case 0x80..<0xA0, 0x202A...0x202E, 0x2066...0x2069: "\u{FFFD}"
    default: scalar
    }
  }

  // Most text needs no replacement; a check of the bytes is many times faster than a copy. C1 controls are
  // C2 80 to C2 9F; bidirectional controls and separators start with E2 80 or E2 81.
  private static func needsWork(_ text: String) -> Bool {
    var previous: UInt8 = 0
    var earlier: UInt8 = 0
    for byte in text.utf8 {
      if byte < 0x20 && byte != 0x0A && byte != 0x09 || byte == 0x7F { return true }
      if previous == 0xC2 && (0x80..<0xA0).contains(byte) { return true }
      if earlier == 0xE2 && previous == 0x80 && (0xA8...0xAE).contains(byte) { return true }
      if earlier == 0xE2 && previous == 0x81 && (0xA6...0xA9).contains(byte) { return true }
      earlier = previous
      previous = byte
    }
    return false
  }
}
