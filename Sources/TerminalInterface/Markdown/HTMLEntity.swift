/// Character references of HTML in Markdown: `&amp;`, `&#8212;`, `&#x2014;`.
package enum HTMLEntity {
  private static let named: [Substring: String] = {
    var named: [Substring: String] = [:]
    for word in names.split(whereSeparator: \.isWhitespace) {
      guard let colon = word.firstIndex(of: ":") else { continue }
      let codes = word[word.index(after: colon)...].split(separator: "+").compactMap { UInt32($0, radix: 16) }
      let scalars = codes.compactMap(Unicode.Scalar.init)
      named[word[..<colon]] = String(String.UnicodeScalarView(scalars))
    }
    return named
  }()

  /// The longest name or number, with its semicolon.
  private static let longest = 33

  /// The reference that starts with the ampersand at `start`: its text, and the index after its semicolon. Nil for none,
  /// and for control characters other than tabs and line feeds: they stay as written.
  package static func read(_ text: [Character], _ start: Int) -> (value: String, end: Int)? {
    let limit = min(text.count, start + 1 + longest)
    var end = start + 1
    while end < limit, text[end].isASCII, text[end].isLetter || text[end].isNumber || text[end] == "#" {
      end += 1
    }
    guard end < limit, text[end] == ";" else { return nil }
    let name = String(text[(start + 1)..<end])
    guard let value = named[name[...]] ?? numeric(name), VisibleText.of(value) == value else { return nil }
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
    return String(Character(scalar))
  }
}
