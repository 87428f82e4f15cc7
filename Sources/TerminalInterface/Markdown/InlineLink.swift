/// An inline link, `[label](address "title")`, parsed at a bracket.
package struct InlineLink {
  package let label: String
  package let address: String
  /// The index after the closing parenthesis.
  package let end: Int

  private static let labelLimit = 1000
  private static let addressLimit = 2000

  /// Nil when the bracket at `start` starts no link.
  package init?(_ text: [Character], _ start: Int) {
    var place = start + 1
    var depth = 1
    let labelEnd = min(text.count, start + Self.labelLimit)
    while place < labelEnd {
      if text[place] == "\\" {
        place += 2
        continue
      }
      if text[place] == "[" { depth += 1 }
      if text[place] == "]" { depth -= 1 }
      if depth == 0 { break }
      place += 1
    }
    guard place < labelEnd, depth == 0, place + 1 < text.count, text[place + 1] == "(" else { return nil }
    let labelRange = (start + 1)..<place
    place += 2
    let addressStart = place
    var parentheses = 1
    let addressEnd = min(text.count, place + Self.addressLimit)
    while place < addressEnd {
      if text[place] == "(" { parentheses += 1 }
      if text[place] == ")" { parentheses -= 1 }
      if parentheses == 0 || text[place] == "\n" { break }
      place += 1
    }
    guard place < addressEnd, parentheses == 0 else { return nil }
    label = String(text[labelRange])
    let inside = String(text[addressStart..<place])
    let trimmed = inside.drop { $0 == " " }
    let written = trimmed.prefix { $0 != " " }
    // A title after the address is ignored; any other text there makes this no link.
    let title = trimmed.dropFirst(written.count).drop { $0 == " " }
    guard title.isEmpty || title.count > 1 && title.first == title.last && "\"'".contains(title.first ?? " ")
    else {
      return nil
    }
    address = String(written)
    end = place + 1
  }
}
