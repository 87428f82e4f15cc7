/// Links, images, addresses and raw HTML.
extension InlineParser {
  private static let deepest = 3

  /// Parses a link at a bracket. Returns the index after it, or after the bracket.
  mutating func readLink(_ text: [Character], _ start: Int) -> Int {
    guard !isInLink, depth < Self.deepest, let link = link(text, start) else {
      plain.append("[")
      return start + 1
    }
    let target = hasLinks ? Self.target(link.address) : nil
    let style = TextStyle(.link, base.emphasis.union(.underline), link: target)
    var parser = InlineParser(base: style, hasLinks: false, references: references)
    parser.isInLink = true
    add(link, Array(text[link.label]), parser, target)
    return link.end
  }

  /// Parses an image at an exclamation mark: a link whose label is plain text.
  mutating func readImage(_ text: [Character], _ start: Int) -> Int {
    guard depth < Self.deepest, let link = link(text, start + 1) else {
      plain += "!["
      return start + 2
    }
    let target = isInLink ? base.link : hasLinks ? Self.target(link.address) : nil
    let style = TextStyle(.link, base.emphasis.union(.underline), link: target)
    var parser = InlineParser(base: style, hasLinks: false, references: references)
    parser.hidesAddresses = true
    add(link, Array(text[link.label]), parser, target, isImage: true)
    return link.end
  }

  private mutating func add(
    _ link: InlineLink, _ label: [Character], _ parser: InlineParser, _ target: String?,
    isImage: Bool = false
  ) {
    endPlain()
    var parser = parser
    parser.depth = depth + 1
    parser.hidesAddresses = parser.hidesAddresses || hidesAddresses
    parser.read(label)
    var spans = parser.result()
    if isImage { spans = [Span(spans.map(\.text).joined(), parser.base)] }
    for span in spans { pieces.append(.text(span.text, span.style)) }
    let text = spans.map(\.text).joined()
    let isShown = link.address.isEmpty || link.address == text || link.address == "mailto:" + text
    if target == nil, !isShown, !hidesAddresses {
      // The address is not part of the link around an image.
      pieces.append(.text(" (\(link.address))", TextStyle(.dim, base.emphasis.subtracting(.underline))))
    }
  }

  /// The address that a terminal may open: of the web or of mail, without characters that could end the sequence.
  static func target(_ address: String) -> String? {
    let isKnown = ["https://", "http://", "mailto:"].contains { address.hasPrefix($0) }
    guard isKnown, address.utf8.count <= 1000, address.utf8.allSatisfy({ 0x21...0x7E ~= $0 }) else {
      return nil
    }
    return address
  }

  /// Parses an address in angle brackets or raw HTML, which is text apart from the tags of `readTag`.
  mutating func readAutolink(_ text: [Character], _ start: Int) -> Int {
    if let end = RawTag.autolinkEnd(text, start) {
      let inner = String(text[(start + 1)..<(end - 1)])
      let address = RawTag.isMail(inner) ? "mailto:" + inner : inner
      add(inner, TextStyle(.link, base.emphasis, link: hasLinks ? Self.target(address) : base.link))
      return end
    }
    if let end = RawTag.end(text, start, &tagEnds) {
      let inner = String(text[(start + 1)..<(end - 1)])
      if let next = readTag(inner, text, end) { return next }
      plain += String(text[start..<end])
      return end
    }
    plain.append("<")
    return start + 1
  }

  mutating func readAddress(_ text: [Character], _ start: Int) -> Int {
    let isStart = start == 0 || !text[start - 1].isLetter
    let head = String(text[start..<min(text.count, start + 8)])
    guard isStart, !isInLink, head.hasPrefix("http://") || head.hasPrefix("https://") else {
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
}
