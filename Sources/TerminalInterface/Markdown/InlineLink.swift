/// A link or an image: its label, and the address behind it, `(address "title")`, or that of a definition.
struct InlineLink {
  /// The range of the label.
  let label: Range<Int>
  /// The address without escapes; it may be empty.
  let address: String
  /// The index after the link.
  let end: Int

  private static let addressLimit = 2000
  /// The depth of parentheses in an address. CommonMark asks for three at least.
  private static let deepestParentheses = 32

  /// The address in the parentheses at `start`, and the index after them.
  static func target(_ text: [Character], _ start: Int) -> (address: String, end: Int)? {
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

  static func skipSpace(_ text: [Character], _ start: Int, _ limit: Int) -> Int {
    var place = start
    while place < limit, " \t\n".contains(text[place]) { place += 1 }
    return place
  }

  /// The index after the address at `start`; nil for none. The end of an address without brackets may be the limit.
  static func addressEnd(_ text: [Character], _ start: Int, _ limit: Int) -> Int? {
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
      case "(":
        depth += 1
        if depth > deepestParentheses { return nil }
      case ")" where depth == 0: return place
      case ")": depth -= 1
      case " ", "\t", "\n": return depth == 0 ? place : nil
      default: break
      }
      place += 1
    }
    return !isBracketed && depth == 0 ? place : nil
  }

  /// The index after the title at `start`; nil for none.
  static func titleEnd(_ text: [Character], _ start: Int, _ limit: Int) -> Int? {
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
