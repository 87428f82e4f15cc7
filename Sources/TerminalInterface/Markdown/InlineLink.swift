/// An inline link, `[label](address "title")`, parsed at a bracket.
package struct InlineLink {
  package let label: String
  /// The address without escapes; it may be empty.
  package let address: String
  /// The index after the closing parenthesis.
  package let end: Int

  private static let labelLimit = 1000
  private static let addressLimit = 2000

  /// Nil when the bracket at `start` starts no link. The label of a link contains no other link, that of an image may.
  package init?(_ text: [Character], _ start: Int, isImage: Bool = false) {
    guard let (close, brackets) = Self.label(text, start), let target = Self.target(text, close + 1) else {
      return nil
    }
    // The last bracket is the innermost one, so a link in the label is found at once.
    if !isImage, brackets.reversed().contains(where: { Self.isLink(text, $0, before: close) }) { return nil }
    label = String(text[(start + 1)..<close])
    (address, end) = target
  }

  private static func isLink(_ text: [Character], _ start: Int, before limit: Int) -> Bool {
    guard let (close, _) = label(text, start), let target = target(text, close + 1) else { return false }
    return target.end <= limit
  }

  /// The index of the bracket that closes a label, and those of the brackets that could start links in it.
  private static func label(_ text: [Character], _ start: Int) -> (close: Int, brackets: [Int])? {
    var brackets: [Int] = []
    var depth = 1
    var place = start + 1
    var unclosed: Set<Int> = []
    let limit = min(text.count, start + labelLimit)
    while place < limit {
      switch text[place] {
      case "\\": place += 1
      case "`":
        let count = text[place..<limit].prefix { $0 == "`" }.count
        if !unclosed.contains(count),
          let end = InlineParser.codeEnd(text, place + count, count, before: limit)
        {
          place = end
        } else {
          unclosed.insert(count)
          place += count
        }
        continue
      case "<":
        if let end = RawTag.autolinkEnd(text, place) ?? RawTag.tagEnd(text, place) {
          place = end
          continue
        }
      case "[":
        depth += 1
        if text[place - 1] != "!" { brackets.append(place) }
      case "]":
        depth -= 1
        if depth == 0 { return (place, brackets) }
      default: break
      }
      place += 1
    }
    return nil
  }

  /// The address in the parentheses at `start`, and the index after them.
  private static func target(_ text: [Character], _ start: Int) -> (address: String, end: Int)? {
    guard start < text.count, text[start] == "(" else { return nil }
    let limit = min(text.count, start + addressLimit)
    var place = skipSpace(text, start + 1, limit)
    let first = place
    guard place < limit, let end = addressEnd(text, place, limit) else { return nil }
    let isBracketed = text[first] == "<"
    let address = isBracketed ? text[(first + 1)..<(end - 1)] : text[first..<end]
    place = skipSpace(text, end, limit)
    if place > end, place < limit, text[place] != ")" {
      guard let titleEnd = titleEnd(text, place, limit) else { return nil }
      place = skipSpace(text, titleEnd, limit)
    }
    guard place < limit, text[place] == ")" else { return nil }
    return (HTMLEntity.unescaped(address), place + 1)
  }

  private static func skipSpace(_ text: [Character], _ start: Int, _ limit: Int) -> Int {
    var place = start
    while place < limit, " \t\n".contains(text[place]) { place += 1 }
    return place
  }

  private static func addressEnd(_ text: [Character], _ start: Int, _ limit: Int) -> Int? {
    var place = start
    var depth = 0
    let isBracketed = text[start] == "<"
    while place < limit {
      switch text[place] {
      case "\\" where place + 1 < limit && text[place + 1].isASCII && text[place + 1].isPunctuationOrSymbol:
        place += 1
      case ">" where isBracketed: return place + 1
      case "\n" where isBracketed, "<" where isBracketed && place > start: return nil
      case _ where isBracketed: break
      case "(": depth += 1
      case ")" where depth == 0: return place
      case ")": depth -= 1
      case " ", "\t", "\n": return depth == 0 ? place : nil
      default: break
      }
      place += 1
    }
    return nil
  }

  private static func titleEnd(_ text: [Character], _ start: Int, _ limit: Int) -> Int? {
    let close: Character? =
      switch text[start] {
      case "\"": "\""
      case "'": "'"
      case "(": ")"
      default: nil
      }
    guard let close else { return nil }
    var place = start + 1
    while place < limit {
      if text[place] == close { return place + 1 }
      if text[place] == "(" && close == ")" { return nil }
      place += text[place] == "\\" ? 2 : 1
    }
    return nil
  }
}
