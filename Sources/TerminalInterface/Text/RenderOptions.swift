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
  package func visible(_ text: String) -> String {
    let text = VisibleText.of(text)
    return joinsEmoji ? text : Self.separated(text)
  }

  /// Removes the joiners between emoji, so that each is a cluster of its own. Those of scripts stay.
  package static func separated(_ text: String) -> String {
    // The joiner is E2 80 8D; most texts have no byte 8D.
    guard text.utf8.contains(0x8D), text.unicodeScalars.contains("\u{200D}") else { return text }
    var result = String.UnicodeScalarView()
    var joiner: Unicode.Scalar?
    for scalar in text.unicodeScalars {
      if let joined = joiner {
        joiner = nil
        if !isPictograph(scalar) { result.append(joined) }
      }
      if scalar == "\u{200D}" {
        joiner = scalar
      } else {
        result.append(scalar)
      }
    }
    // The rest of a sequence may follow in the next part of a stream.
    if let joiner, !(result.last.map(isPictograph) ?? true) { result.append(joiner) }
    return String(result)
  }

  private static func isPictograph(_ scalar: Unicode.Scalar) -> Bool {
    !scalar.isASCII && scalar.properties.isEmoji || scalar == "\u{FE0F}"
  }
}
