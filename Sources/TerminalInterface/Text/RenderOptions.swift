/// What the rows of the transcript depend on beside the text, the width and the theme.
package struct RenderOptions: Sendable, Equatable {
  /// The widest row of prose; longer rows are hard to follow. Code and tables use the whole width.
  package var proseWidth = 100
  /// The terminal supports hyperlinks (OSC 8): the address of a link is not written beside its label.
  package var hasLinks = false
  /// The terminal draws an emoji of several joined ones as one. Otherwise its members are drawn one after another.
  package var joinsEmoji = true

  package init(proseWidth: Int = 100, hasLinks: Bool = false, joinsEmoji: Bool = true) {
    self.proseWidth = proseWidth
    self.hasLinks = hasLinks
    self.joinsEmoji = joinsEmoji
  }

  /// A text as it is laid out: without control characters, and with separate emoji if the terminal needs them.
  /// - Parameter previous: the character before it, for a part of a stream.
  package func visible(_ text: String, after previous: Unicode.Scalar? = nil) -> String {
    // A line end may be divided between two parts.
    let isRest = previous == "\r" && text.unicodeScalars.first == "\n"
    let text = VisibleText.of(isRest ? String(text.unicodeScalars.dropFirst()) : text)
    return joinsEmoji ? text : Self.separated(text, after: previous)
  }

  /// Removes the joiners after emoji, so that each is a cluster of its own. Those of scripts stay.
  package static func separated(_ text: String, after previous: Unicode.Scalar? = nil) -> String {
    // The joiner is E2 80 8D; most texts have no byte 8D.
    guard text.utf8.contains(0x8D), text.unicodeScalars.contains("\u{200D}") else { return text }
    var result = String.UnicodeScalarView()
    var previous = previous
    for scalar in text.unicodeScalars {
      let isJoiner = scalar == "\u{200D}"
      if !isJoiner || !(previous.map(isPictograph) ?? false) { result.append(scalar) }
      if !isJoiner { previous = scalar }
    }
    return String(result)
  }

  private static func isPictograph(_ scalar: Unicode.Scalar) -> Bool {
    !scalar.isASCII && scalar.properties.isEmoji || scalar == "\u{FE0F}"
  }
}
