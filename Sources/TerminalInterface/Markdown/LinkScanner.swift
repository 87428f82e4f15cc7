/// Finds the links and images of a text in one pass over its brackets, as CommonMark's parsing strategy does.
///
/// The cost is linear in the length of the text: each bracket is pushed and popped once, and the address behind a
/// closing bracket has a bounded length.
struct LinkScanner {
  private struct Opener {
    /// The index of the bracket.
    var place: Int
    var isImage: Bool
    /// There is another opening bracket after it, so its text is no label.
    var containsBracket = false
  }

  private let text: [Character]
  private let references: LinkReferences
  private var openers: [Opener] = []
  /// The number of openers before the last link. They start no link, since links are not nested.
  private var inactive = 0
  private var links: [Int: InlineLink] = [:]

  private init(_ text: [Character], _ references: LinkReferences) {
    self.text = text
    self.references = references
  }

  /// The links and images of a text by the indices of their opening brackets.
  static func links(
    in text: [Character], _ references: LinkReferences, _ runs: BacktickRuns
  ) -> [Int: InlineLink] {
    var scanner = LinkScanner(text, references)
    scanner.scan(runs)
    return scanner.links
  }

  private mutating func scan(_ runs: BacktickRuns) {
    var ends = TerminatorSearch()
    var place = 0
    while place < text.count {
      switch text[place] {
      case "\\": place += 2
      case "`":
        let count = text[place...].prefix { $0 == "`" }.count
        place = runs.end(after: place + count, count) ?? place + count
      case "<": place = RawTag.autolinkEnd(text, place) ?? RawTag.end(text, place, &ends) ?? place + 1
      case "!" where place + 1 < text.count && text[place + 1] == "[":
        open(place + 1, isImage: true)
        place += 2
      case "[":
        open(place, isImage: false)
        place += 1
      case "]": place = close(place)
      default: place += 1
      }
    }
  }

  private mutating func open(_ place: Int, isImage: Bool) {
    if !openers.isEmpty { openers[openers.count - 1].containsBracket = true }
    openers.append(Opener(place: place, isImage: isImage))
  }

  /// Pairs a closing bracket with the last opening one. Returns the index after the link, or after the bracket.
  private mutating func close(_ place: Int) -> Int {
    guard let opener = openers.popLast() else { return place + 1 }
    let isActive = opener.isImage || openers.count >= inactive
    inactive = min(inactive, openers.count)
    guard isActive, let link = link(opener, place) else { return place + 1 }
    links[opener.place] = link
    if !opener.isImage { inactive = openers.count }
    return link.end
  }

  private func link(_ opener: Opener, _ close: Int) -> InlineLink? {
    let label = (opener.place + 1)..<close
    if let (address, end) = InlineLink.target(text, close + 1) {
      return InlineLink(label: label, address: address, end: end)
    }
    guard !references.isEmpty else { return nil }
    let second = LinkReferences.label(text, close + 1)
    let end = second.map { $0.upperBound + 1 } ?? close + 1
    var name = label
    if let second, !second.isEmpty {
      name = second
    } else if opener.containsBracket {
      return nil
    }
    return references.address(of: text[name]).map { InlineLink(label: label, address: $0, end: end) }
  }
}

/// The runs of backticks in a text, by their lengths: the end of a code span is found without another pass.
struct BacktickRuns {
  private var starts: [Int: [Int]] = [:]

  init(_ text: [Character]) {
    var place = 0
    while place < text.count {
      guard text[place] == "`" else {
        place += 1
        continue
      }
      let count = text[place...].prefix { $0 == "`" }.count
      starts[count, default: []].append(place)
      place += count
    }
  }

  /// The index after the first run of `count` backticks at or after `place`; nil for none. O(log n).
  func end(after place: Int, _ count: Int) -> Int? {
    guard let starts = starts[count] else { return nil }
    var (low, high) = (0, starts.count)
    while low < high {
      let middle = (low + high) / 2
      if starts[middle] < place { low = middle + 1 } else { high = middle }
    }
    return low < starts.count ? starts[low] + count : nil
  }
}

/// Finds the next terminator, such as `-->`. Searches for one terminator from increasing places cost one pass in all.
struct TerminatorSearch {
  private var results: [String: (from: Int, found: Int?)] = [:]

  /// The index after the first `mark` at or after `start`; nil for none.
  mutating func end(of mark: String, in text: [Character], from start: Int) -> Int? {
    let length = mark.count
    if let last = results[mark], last.from <= start {
      guard let found = last.found else { return nil }
      if found - length >= start { return found }
    }
    let characters = Array(mark)
    var place = start
    while place + length <= text.count {
      if text[place] == characters[0], text[place..<(place + length)].elementsEqual(characters) {
        results[mark] = (start, place + length)
        return place + length
      }
      place += 1
    }
    results[mark] = (start, nil)
    return nil
  }
}
