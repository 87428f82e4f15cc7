/// The link reference definitions of a text: the addresses of its labels.
package struct LinkReferences: Sendable, Equatable {
  private var addresses: [String: String] = [:]

  package init() {}

  package var isEmpty: Bool { addresses.isEmpty }

  /// Adds a definition. The first one of a label counts.
  package mutating func add(_ label: String, _ address: String) {
    let key = Self.key(Array(label)[...])
    if addresses[key] == nil { addresses[key] = address }
  }

  /// The address of a label; nil for an unknown one.
  func address(of label: ArraySlice<Character>) -> String? {
    guard !addresses.isEmpty, label.count < Self.labelLimit else { return nil }
    return addresses[Self.key(label)]
  }

  // Labels are equal apart from case and white space. The upper case of the lower case is Unicode's case folding for
  // all letters that this concerns, such as ß and ẞ.
  private static func key(_ label: ArraySlice<Character>) -> String {
    label.split(whereSeparator: \.isWhitespace).map { String($0) }.joined(separator: " ").lowercased()
      .uppercased()
  }

  private static let labelLimit = 1000

  /// The range between the brackets of the label that starts at `start`; nil for none. It may be empty, but consists not
  /// of white space only, and contains no other bracket.
  static func label(_ text: [Character], _ start: Int) -> Range<Int>? {
    guard start < text.count, text[start] == "[" else { return nil }
    let limit = min(text.count, start + labelLimit)
    var place = start + 1
    while place < limit, text[place] != "]" {
      if text[place] == "[" { return nil }
      place += text[place] == "\\" ? 2 : 1
    }
    guard place < limit else { return nil }
    let range = (start + 1)..<place
    return range.isEmpty || text[range].contains { !$0.isWhitespace } ? range : nil
  }
}

/// A link reference definition, `[label]: address "title"`, at the start of a paragraph.
///
/// Unlike CommonMark, a label with a plain word after it (`[Alice]: Hello`) and a footnote (`[^1]: …`) are text, because
/// a definition is not shown.
struct LinkDefinition {
  let label: String
  /// The address without escapes; it may be empty.
  let address: String
  /// The index after its last line.
  let end: Int

  /// Nil when no definition starts at `start`.
  init?(_ text: [Character], _ start: Int) {
    guard let name = LinkReferences.label(text, start), !name.isEmpty, text[name.lowerBound] != "^",
      name.upperBound + 1 < text.count, text[name.upperBound + 1] == ":"
    else { return nil }
    let first = InlineLink.skipSpace(text, name.upperBound + 2, text.count)
    guard first < text.count, let addressEnd = InlineLink.addressEnd(text, first, text.count),
      addressEnd > first, let end = Self.end(text, addressEnd)
    else { return nil }
    let isBracketed = text[first] == "<"
    let written = isBracketed ? text[(first + 1)..<(addressEnd - 1)] : text[first..<addressEnd]
    guard isBracketed || Self.isAddress(written) else { return nil }
    label = String(text[name])
    address = HTMLEntity.unescaped(written)
    self.end = end
  }

  // A path, a fragment, a file or host name, or an address of mail.
  private static func isAddress(_ text: ArraySlice<Character>) -> Bool {
    if text.contains("/") || text.contains("#") || text.starts(with: "mailto:") { return true }
    return zip(text, text.dropFirst()).contains { $0 == "." && $1.isLetter }
  }

  // The index after the line on which the definition ends. A title that is not valid ends it before the title's line.
  private static func end(_ text: [Character], _ addressEnd: Int) -> Int? {
    let first = InlineLink.skipSpace(text, addressEnd, text.count)
    if first > addressEnd, first < text.count, let titleEnd = InlineLink.titleEnd(text, first, text.count),
      let end = lineEnd(text, titleEnd)
    {
      return end
    }
    return lineEnd(text, addressEnd)
  }

  private static func lineEnd(_ text: [Character], _ start: Int) -> Int? {
    var place = start
    while place < text.count, text[place] == " " || text[place] == "\t" { place += 1 }
    if place == text.count { return place }
    return text[place] == "\n" ? place + 1 : nil
  }
}
