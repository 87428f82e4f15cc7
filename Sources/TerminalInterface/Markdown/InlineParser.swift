/// Inline Markdown: emphasis, code, links, escapes. Delimiter runs follow CommonMark 0.31, except
/// that runs without an end are closed at the end of a text that still streams, so that its look does not change.
///
/// Cost: one pass over the text and one over its brackets, with a bounded search backwards for each closing mark.
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
  /// The text is not complete.
  var isOpen = false
  /// The text is the label of a link, which contains no other.
  var isInLink = false
  /// Addresses are left out, as in the text of an image.
  var hidesAddresses = false
  /// The number of labels around the text.
  var depth = 0
  var pieces: [Piece] = []
  var openers: [Opener] = []
  /// The emphasis that starts (positive) or ends (negative) before a piece: bold, italic, struck.
  var changes: [Int: (bold: Int, italic: Int, struck: Int)] = [:]
  var plain = ""
  /// The definitions of links.
  let references: LinkReferences
  /// The links and images by their opening brackets; nil before the first bracket.
  var links: [Int: InlineLink]?
  private var runs = BacktickRuns([])
  var tagEnds = TerminatorSearch()
  /// The places up to which no end of a formula was found, by the last character of the end.
  var searched: [Character: Int] = [:]

  init(base: TextStyle, hasLinks: Bool, references: LinkReferences) {
    self.base = base
    self.hasLinks = hasLinks
    self.references = references
  }

  /// The link or image whose bracket is at `start`.
  mutating func link(_ text: [Character], _ start: Int) -> InlineLink? {
    let all = links ?? LinkScanner.links(in: text, references, runs)
    links = all
    return all[start]
  }

  /// The spans of a text. With `hasLinks`, the terminal can follow links. `isOpen` is true for a text that still grows.
  package static func spans(
    _ text: String, _ base: TextStyle, hasLinks: Bool = false, isOpen: Bool = false,
    references: LinkReferences = LinkReferences()
  ) -> [Span] {
    // Most lines contain no marks.
    guard hasMarks(text) else { return [Span(text, base)] }
    var parser = InlineParser(base: base, hasLinks: hasLinks, references: references)
    parser.isOpen = isOpen
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

  mutating func read(_ text: [Character]) {
    runs = BacktickRuns(text)
    var place = 0
    while place < text.count {
      let character = text[place]
      switch character {
      case "\\" where place + 1 < text.count && text[place + 1] == "\n":
        // A hard break.
        place += 1
      case "\n":
        while plain.last == " " || plain.last == "\t" { plain.removeLast() }
        plain.append("\n")
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
        place = readImage(text, place)
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
    let count = text[start...].prefix { $0 == "`" }.count
    if let end = runs.end(after: start + count, count) {
      addCode(text[(start + count)..<(end - count)])
      return end
    }
    // No end yet, while the text streams: the rest of the line is code, unless a space follows the mark.
    if isOpen, count == 1, start + 1 < text.count, text[start + 1] != " ", !text[start...].contains("\n") {
      addCode(text[(start + 1)...])
      return text.count
    }
    plain += String(repeating: "`", count: count)
    return start + count
  }

  private mutating func addCode(_ code: ArraySlice<Character>) {
    var code = code.map { $0 == "\n" ? " " : $0 }[...]
    if code.count > 2, code.first == " ", code.last == " ", code.contains(where: { $0 != " " }) {
      code = code.dropFirst().dropLast()
    }
    add(String(code), TextStyle(.codeInline, base.emphasis, link: base.link))
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
