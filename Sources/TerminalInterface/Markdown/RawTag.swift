/// Where raw HTML and the addresses in angle brackets end.
enum RawTag {
  private static let limit = 500

  /// The index after the address in angle brackets at `start`; nil for none. It has `://` or is one of mail, so that a
  /// type such as `vector<std::string>` is text.
  static func autolinkEnd(_ text: [Character], _ start: Int) -> Int? {
    let limit = min(text.count, start + limit)
    var place = start + 1
    while place < limit, text[place] != ">" {
      if text[place].isWhitespace || text[place] == "<" { return nil }
      place += 1
    }
    guard place < limit else { return nil }
    let inner = String(text[(start + 1)..<place])
    return isAddress(inner) || isMail(inner) ? place + 1 : nil
  }

  private static func isAddress(_ text: String) -> Bool {
    let scheme = text.prefix { $0 != ":" }
    guard (2...32).contains(scheme.count), let first = scheme.first, first.isASCII, first.isLetter,
      scheme.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "+.-".contains($0)) })
    else { return false }
    let rest = text.dropFirst(scheme.count)
    return rest.hasPrefix("://") || rest.hasPrefix(":") && scheme.lowercased() == "mailto"
  }

  static func isMail(_ text: String) -> Bool {
    let parts = text.split(separator: "@", omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty,
      parts[0].allSatisfy({
        $0.isASCII && ($0.isLetter || $0.isNumber || ".!#$%&'*+/=?^_`{|}~-".contains($0))
      })
    else { return false }
    return parts[1].split(separator: ".", omittingEmptySubsequences: false).allSatisfy { name in
      (1...63).contains(name.count) && name.first != "-" && name.last != "-"
        && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }
    }
  }

  /// The index after the raw HTML at `start`; nil for none.
  static func end(_ text: [Character], _ start: Int, _ ends: inout TerminatorSearch) -> Int? {
    let rest = text[start..<min(text.count, start + 9)]
    if rest.starts(with: "<!-->") { return start + 5 }
    if rest.starts(with: "<!--->") { return start + 6 }
    if rest.starts(with: "<!--") { return ends.end(of: "-->", in: text, from: start + 4) }
    if rest.starts(with: "<?") { return ends.end(of: "?>", in: text, from: start + 2) }
    if rest.starts(with: "<![CDATA[") { return ends.end(of: "]]>", in: text, from: start + 9) }
    if rest.starts(with: "<!"), let letter = rest.dropFirst(2).first, letter.isASCII, letter.isLetter {
      return ends.end(of: ">", in: text, from: start + 2)
    }
    return tagEnd(text, start)
  }

  /// The index after the opening or closing tag at `start`; nil for none.
  static func tagEnd(_ text: [Character], _ start: Int) -> Int? {
    let limit = min(text.count, start + limit)
    var place = start + 1
    let isClosing = place < limit && text[place] == "/"
    if isClosing { place += 1 }
    guard place < limit, text[place].isASCII, text[place].isLetter else { return nil }
    place = skip(text, place, limit) { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }
    while true {
      let next = skip(text, place, limit, while: \.isWhitespace)
      guard next < limit else { return nil }
      if text[next] == ">" { return next + 1 }
      if isClosing { return nil }
      if text[next] == "/" { return next + 1 < limit && text[next + 1] == ">" ? next + 2 : nil }
      guard next > place, let end = attributeEnd(text, next, limit) else { return nil }
      place = end
    }
  }

  private static func attributeEnd(_ text: [Character], _ start: Int, _ limit: Int) -> Int? {
    guard text[start].isASCII, text[start].isLetter || text[start] == "_" || text[start] == ":" else {
      return nil
    }
    let name = skip(text, start, limit) { $0.isASCII && ($0.isLetter || $0.isNumber || "_.:-".contains($0)) }
    var place = skip(text, name, limit, while: \.isWhitespace)
    guard place < limit, text[place] == "=" else { return name }
    place = skip(text, place + 1, limit, while: \.isWhitespace)
    guard place < limit else { return nil }
    let first = text[place]
    if first == "\"" || first == "'" {
      let end = skip(text, place + 1, limit) { $0 != first }
      return end < limit ? end + 1 : nil
    }
    let end = skip(text, place, limit) { !$0.isWhitespace && !"\"'=<>`".contains($0) }
    return end > place ? end : nil
  }

  private static func skip(
    _ text: [Character], _ start: Int, _ limit: Int, while isPart: (Character) -> Bool
  ) -> Int {
    var place = start
    while place < limit, isPart(text[place]) { place += 1 }
    return place
  }
}
