/// Inline Markdown: emphasis, code, links, escapes. Delimiter runs follow CommonMark 0.31, except
/// that runs without an end are closed at the end of the text, so that it does not change its look while it streams.
///
/// Cost: one pass, with a bounded search backwards for each closing mark.
package struct InlineParser {
  enum Piece {
    case text(String, TextStyle)
    case delimiter(Character, count: Int)
  }

  struct Opener {
    var piece: Int
    var mark: Character
    var count: Int
    var canClose: Bool
    var original: Int
  }

  static let openersKept = 64
  let base: TextStyle
  /// The address of a link is part of the style of its label, instead of text after it.
  let hasLinks: Bool
  var pieces: [Piece] = []
  var openers: [Opener] = []
  /// The emphasis that starts (positive) or ends (negative) before a piece: bold, italic, struck.
  var changes: [Int: (bold: Int, italic: Int, struck: Int)] = [:]
  var plain = ""

  private init(base: TextStyle, hasLinks: Bool) {
    self.base = base
    self.hasLinks = hasLinks
  }

  /// The spans of a text. With `hasLinks`, the terminal can follow links.
  package static func spans(_ text: String, _ base: TextStyle, hasLinks: Bool = false) -> [Span] {
    // Most lines contain no marks.
    guard hasMarks(text) else { return [Span(text, base)] }
    var parser = InlineParser(base: base, hasLinks: hasLinks)
    parser.read(Array(text))
    return parser.result()
  }

  /// Whether a text contains a character that starts anything but text, or an address. One pass over the bytes.
  private static func hasMarks(_ text: String) -> Bool {
    // The letters of "http" that end at the last byte.
    var letters = 0
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "*"), UInt8(ascii: "_"), UInt8(ascii: "`"), UInt8(ascii: "~"), UInt8(ascii: "["),
        UInt8(ascii: "\\"), UInt8(ascii: "<"), UInt8(ascii: "&"), UInt8(ascii: "$"):
        return true
      case UInt8(ascii: "h"): letters = 1
      case UInt8(ascii: "t") where letters == 1 || letters == 2: letters += 1
      case UInt8(ascii: "p") where letters == 3: return true
      default: letters = 0
      }
    }
    return false
  }

  private mutating func read(_ text: [Character]) {
    var place = 0
    while place < text.count {
      let character = text[place]
      switch character {
      case "\\" where place + 1 < text.count && text[place + 1] == "\n":
        // A hard break.
        place += 1
      case "\\" where place + 1 < text.count && "([".contains(text[place + 1]):
        place = readMath(text, place)
      case "$": place = readMath(text, place)
      case "\\"
      where place + 1 < text.count && text[place + 1].isASCII && text[place + 1].isPunctuationOrSymbol:
        plain.append(text[place + 1])
        place += 2
      case "`": place = readCode(text, place)
      case "*", "_", "~": place = readDelimiter(text, place)
      case "[":
        place = readLink(text, place)
      case "!" where place + 1 < text.count && text[place + 1] == "[":
        let next = readLink(text, place + 1)
        if next == place + 2 { plain = String(plain.dropLast()) + "![" }
        place = next
      case "<": place = readAutolink(text, place)
      case "h": place = readAddress(text, place)
      case "&": place = readEntity(text, place)
      default:
        plain.append(character)
        place += 1
      }
    }
    endPlain()
  }

  mutating func endPlain() {
    if !plain.isEmpty { pieces.append(.text(plain, base)) }
    plain = ""
  }

  mutating func add(_ text: String, _ style: TextStyle) {
    endPlain()
    pieces.append(.text(text, style))
  }

  private mutating func readCode(_ text: [Character], _ start: Int) -> Int {
    var count = 0
    while start + count < text.count && text[start + count] == "`" { count += 1 }
    var place = start + count
    while place < text.count {
      guard text[place] == "`" else {
        place += 1
        continue
      }
      var closing = 0
      while place + closing < text.count && text[place + closing] == "`" { closing += 1 }
      if closing == count {
        addCode(text[(start + count)..<place])
        return place + closing
      }
      place += closing
    }
    // No end yet, as while the text streams: the rest of the line is code, unless a space follows the mark.
    if count == 1 && start + 1 < text.count && text[start + 1] != " " && !text[start...].contains("\n") {
      addCode(text[(start + 1)...])
      return text.count
    }
    plain += String(repeating: "`", count: count)
    return start + count
  }

  private mutating func addCode(_ code: ArraySlice<Character>) {
    var code = code
    if code.count > 2, code.first == " ", code.last == " ", code.contains(where: { $0 != " " }) {
      code = code.dropFirst().dropLast()
    }
    add(String(code), TextStyle(.codeInline, base.emphasis))
  }

  private mutating func readLink(_ text: [Character], _ start: Int) -> Int {
    guard let link = InlineLink(text, start) else {
      plain.append("[")
      return start + 1
    }
    endPlain()
    let target = hasLinks ? Self.target(link.address) : nil
    let label = InlineParser.spans(
      link.label, TextStyle(.link, base.emphasis.union(.underline), link: target), nested: true)
    for span in label { pieces.append(.text(span.text, span.style)) }
    if target == nil, link.address != link.label && !link.address.isEmpty {
      pieces.append(.text(" (\(link.address))", TextStyle(.dim, base.emphasis)))
    }
    return link.end
  }

  /// The address that a terminal may open: of the web or of mail, without characters that could end the sequence.
  static func target(_ address: String) -> String? {
    let isKnown = ["https://", "http://", "mailto:"].contains { address.hasPrefix($0) }
    guard isKnown, address.utf8.count <= 1000, address.utf8.allSatisfy({ 0x21...0x7E ~= $0 }) else {
      return nil
    }
    return address
  }

  // Links inside of a link label are not parsed, which bounds the nesting.
  private static func spans(_ text: String, _ base: TextStyle, nested: Bool) -> [Span] {
    var parser = InlineParser(base: base, hasLinks: false)
    parser.read(text.map { $0 == "[" || $0 == "]" ? "|" : $0 })
    return text.contains("[") ? [Span(text, base)] : parser.result()
  }

  private mutating func readAutolink(_ text: [Character], _ start: Int) -> Int {
    let limit = min(text.count, start + 500)
    if let end = text[start..<limit].firstIndex(of: ">") {
      let inner = String(text[(start + 1)..<end])
      if inner.hasPrefix("http://") || inner.hasPrefix("https://") || inner.hasPrefix("mailto:"),
        !inner.contains(" ")
      {
        add(inner, TextStyle(.link, base.emphasis, link: hasLinks ? Self.target(inner) : nil))
        return end + 1
      }
      if let next = readTag(inner, text, end + 1) { return next }
    }
    plain.append("<")
    return start + 1
  }

  private mutating func readAddress(_ text: [Character], _ start: Int) -> Int {
    let isStart = start == 0 || !text[start - 1].isLetter
    let head = String(text[start..<min(text.count, start + 8)])
    guard isStart, head.hasPrefix("http://") || head.hasPrefix("https://") else {
      plain.append("h")
      return start + 1
    }
    var end = start
    while end < text.count, !text[end].isWhitespace, !"<>\"`".contains(text[end]) { end += 1 }
    while end > start, ".,;:!?)]*_'".contains(text[end - 1]) { end -= 1 }
    let address = String(text[start..<end])
    add(address, TextStyle(.link, base.emphasis, link: hasLinks ? Self.target(address) : nil))
    return end
  }

  private mutating func readEntity(_ text: [Character], _ start: Int) -> Int {
    if let (value, end) = HTMLEntity.read(text, start) {
      plain += value
      return end
    }
    plain.append("&")
    return start + 1
  }
}
