/// The start and the end of a block of raw HTML (CommonMark 0.31.2, section 4.6). It is shown as written: no Markdown is
/// parsed in it, so that scripts and style sheets keep their marks.
///
/// Two deviations, for text of models: a tag that HTML does not know, such as `<answer>`, starts no block, and a code
/// fence ends one that ends at an empty line.
struct HTMLBlock: Sendable {
  /// The texts, in lower case, of which one ends the block with its line; empty when an empty line ends it.
  let ends: [String]

  /// Nil for a line, without the white space before it, that starts no block.
  init?(_ content: String, inParagraph: Bool) {
    guard content.utf8.first == UInt8(ascii: "<") else { return nil }
    let rest = content.dropFirst()
    if rest.hasPrefix("!--") {
      ends = ["-->"]
    } else if rest.hasPrefix("?") {
      ends = ["?>"]
    } else if rest.hasPrefix("![CDATA[") {
      ends = ["]]>"]
    } else if rest.hasPrefix("!"), let letter = rest.dropFirst().first, letter.isASCII, letter.isLetter {
      ends = [">"]
    } else {
      let isClosing = rest.hasPrefix("/")
      let afterSlash = isClosing ? rest.dropFirst() : rest
      let name = afterSlash.prefix { $0.isASCII && ($0.isLetter || $0.isNumber) }.lowercased()
      let next = afterSlash.dropFirst(name.count)
      let isEnd = next.isEmpty || " \t>".contains(next.first ?? " ")
      if !isClosing, isEnd, Self.rawNames.contains(name) {
        ends = Self.rawNames.map { "</\($0)>" }
      } else if isEnd || next.hasPrefix("/>"), Self.blockNames.contains(name) {
        ends = []
      } else if !inParagraph, Self.isAlone(content, name) {
        ends = []
      } else {
        return nil
      }
    }
  }

  /// Whether a line of the block is its last.
  func isLast(_ line: String) -> Bool {
    guard !ends.isEmpty else { return false }
    let line = line.lowercased()
    return ends.contains { line.contains($0) }
  }

  /// Whether the block ends before a line.
  func isOver(before line: LineCursor) -> Bool {
    ends.isEmpty && (line.isBlank || line.indent < 4 && MarkdownLine.fence(line.content) != nil)
  }

  /// Whether a line consists of one tag of an element that HTML knows, without an effect on its text.
  private static func isAlone(_ content: String, _ name: String) -> Bool {
    guard inlineNames.contains(name) else { return false }
    let characters = Array(content)
    guard let end = RawTag.tagEnd(characters, 0), characters[end...].allSatisfy(\.isWhitespace) else {
      return false
    }
    return !InlineParser.hasEffect(String(characters[1..<(end - 1)]))
  }

  private static let rawNames = ["script", "pre", "style", "textarea"]

  /// The elements of the specification's sixth kind of block.
  private static let blockNames: Set<String> = [
    "address", "article", "aside", "base", "basefont", "blockquote", "body", "caption", "center", "col",
    "colgroup", "dd", "details", "dialog", "dir", "div", "dl", "dt", "fieldset", "figcaption", "figure",
    "footer", "form", "frame", "frameset", "h1", "h2", "h3", "h4", "h5", "h6", "head", "header", "hr", "html",
    "iframe", "legend", "li", "link", "main", "menu", "menuitem", "nav", "noframes", "ol", "optgroup",
    "option",
    "p", "param", "search", "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "title",
    "tr",
    "track", "ul",
  ]

  /// The other elements of HTML's living standard, and its obsolete ones that pages still have.
  private static let inlineNames: Set<String> = [
    "a", "abbr", "acronym", "area", "audio", "b", "bdi", "bdo", "big", "br", "button", "canvas", "cite",
    "code",
    "data", "datalist", "del", "dfn", "em", "embed", "font", "hgroup", "i", "img", "input", "ins", "kbd",
    "label", "map", "mark", "meta", "meter", "noscript", "object", "output", "picture", "progress", "q", "rp",
    "rt", "ruby", "s", "samp", "select", "slot", "small", "source", "span", "strike", "strong", "sub", "sup",
    "svg", "template", "time", "tt", "u", "var", "video", "wbr",
  ]
}
