/// Character references of HTML in Markdown: `&amp;`, `&#8212;`, `&#x2014;`. Of the named ones, those that models write.
/// https://html.spec.whatwg.org/multipage/named-characters.html
package enum HTMLEntity {
  private static let named: [String: String] = [
    "amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'", "nbsp": "\u{A0}", "copy": "©", "reg": "®",
    "trade": "™", "hellip": "…", "mdash": "—", "ndash": "–", "lsquo": "‘", "rsquo": "’", "ldquo": "“",
    "rdquo": "”", "laquo": "«", "raquo": "»", "bull": "•", "middot": "·", "deg": "°", "plusmn": "±",
    "times": "×", "divide": "÷", "frac12": "½", "frac14": "¼", "frac34": "¾", "sup1": "¹", "sup2": "²",
    "sup3": "³", "micro": "µ", "para": "¶", "sect": "§", "euro": "€", "pound": "£", "yen": "¥", "cent": "¢",
    "larr": "←", "rarr": "→", "uarr": "↑", "darr": "↓", "harr": "↔", "rArr": "⇒", "lArr": "⇐", "hArr": "⇔",
    "infin": "∞", "ne": "≠", "le": "≤", "ge": "≥", "asymp": "≈", "equiv": "≡", "sum": "∑", "prod": "∏",
    "radic": "√", "int": "∫", "part": "∂", "nabla": "∇", "isin": "∈", "notin": "∉", "cap": "∩", "cup": "∪",
    "sub": "⊂", "sup": "⊃", "empty": "∅", "forall": "∀", "exist": "∃", "and": "∧", "or": "∨", "not": "¬",
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "theta": "θ", "lambda": "λ",
    "mu": "μ", "pi": "π", "sigma": "σ", "tau": "τ", "phi": "φ", "omega": "ω", "Delta": "Δ", "Omega": "Ω",
    "auml": "ä", "ouml": "ö", "uuml": "ü", "Auml": "Ä", "Ouml": "Ö", "Uuml": "Ü", "szlig": "ß", "eacute": "é",
    "egrave": "è", "ecirc": "ê", "agrave": "à", "aacute": "á", "ccedil": "ç", "ntilde": "ñ", "check": "✓",
  ]

  /// The reference that starts with the ampersand at `start`: its text, and the index after its semicolon. Nil for none.
  package static func read(_ text: [Character], _ start: Int) -> (value: String, end: Int)? {
    let limit = min(text.count, start + 12)
    guard let end = text[start..<limit].firstIndex(of: ";") else { return nil }
    let name = String(text[(start + 1)..<end])
    guard let value = named[name] ?? numeric(name) else { return nil }
    return (value, end + 1)
  }

  /// A text without backslash escapes and character references, as in addresses and in the language of code.
  package static func unescaped(_ text: some Collection<Character>) -> String {
    let text = Array(text)
    var result = ""
    var place = 0
    while place < text.count {
      let next = place + 1
      if text[place] == "\\", next < text.count, text[next].isASCII, text[next].isPunctuationOrSymbol {
        result.append(text[next])
        place += 2
      } else if text[place] == "&", let (value, end) = read(text, place) {
        result += value
        place = end
      } else {
        result.append(text[place])
        place = next
      }
    }
    return result
  }

  // Control characters stay as written: the text was checked for them before.
  private static func numeric(_ name: String) -> String? {
    guard name.hasPrefix("#") else { return nil }
    var digits = name.dropFirst()
    let isHexadecimal = digits.hasPrefix("x") || digits.hasPrefix("X")
    if isHexadecimal { digits = digits.dropFirst() }
    guard (1...(isHexadecimal ? 6 : 7)).contains(digits.count), digits.allSatisfy(\.isHexDigit),
      let code = UInt32(digits, radix: isHexadecimal ? 16 : 10)
    else { return nil }
    // No character has this number.
    guard code > 0, let scalar = Unicode.Scalar(code) else { return "\u{FFFD}" }
    let text = String(Character(scalar))
    return code < 0x20 || VisibleText.of(text) != text ? nil : text
  }
}
