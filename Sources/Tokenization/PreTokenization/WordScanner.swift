/// Splits UTF-8 text into the words of a `WordPattern`: finds the regular expression's next match by a scan
/// without backtracking. About a nanosecond a byte. Every byte is examined a bounded number of times, except
/// that a run of white space is scanned once more for each line break in it.
///
/// The caller guarantees that the text is valid UTF-8 and that all positions are within it.
struct WordScanner {
  let text: UnsafePointer<UInt8>
  private let classes = CharacterClass.table
  private let pattern: WordPattern
  /// The classes of the characters of words, and those excluded from `others`.
  private let word: UInt8
  private let notOther: UInt8

  private static let letter = CharacterClass.letter.rawValue
  private static let number = CharacterClass.number.rawValue
  private static let space = CharacterClass.space.rawValue
  private static let mark = CharacterClass.mark.rawValue
  private static let upperSet: UInt8 = CharacterClass([.upper, .caseless, .mark]).rawValue
  private static let lowerSet: UInt8 = CharacterClass([.lower, .caseless, .mark]).rawValue
  private static let bothSets: UInt8 = CharacterClass([.caseless, .mark]).rawValue

  init(_ pattern: WordPattern, text: UnsafePointer<UInt8>) {
    self.pattern = pattern
    self.text = text
    let marks = pattern.letters == .lettersAndMarks ? Self.mark : 0
    word = Self.letter | marks
    notOther = Self.space | Self.letter | Self.number | marks
  }

  /// The class and the length in bytes of the character at `position`.
  @inline(__always)
  func character(at position: Int) -> (kind: UInt8, length: Int) {
    UTF8Text.character(text, at: position, classes)
  }

  /// The end of the word that starts at `start`. Requires `start < limit`; the result is greater than
  /// `start`.
  @inline(__always)
  func end(from start: Int, limit: Int) -> Int {
    let byte = text[start]
    if byte == UInt8(ascii: "'"), pattern.contractions == .lowercase || pattern.contractions == .anyCase {
      let length = contraction(at: start, limit: limit, anyCase: pattern.contractions == .anyCase)
      if length > 0 { return start &+ length }
    }
    let (kind, length) = character(at: start)
    let second = start &+ length
    let next: (kind: UInt8, length: Int) = second < limit ? character(at: second) : (0, 0)

    if pattern.letters == .cased {
      if let end = casedWord(start, kind, second, limit) { return end }
    } else if kind & word != 0 {
      return run(of: word, from: second, limit: limit)
    } else if next.kind & word != 0, mayLead(byte, kind) {
      return run(of: word, from: second &+ next.length, limit: limit)
    }
    if kind & Self.number != 0 { return numbers(after: second, limit: limit) }
    if byte == UInt8(ascii: " "), second < limit {
      if pattern.numbers == .spaceAndRun, next.kind & Self.number != 0 {
        return run(of: Self.number, from: second &+ next.length, limit: limit)
      }
      if next.kind & notOther == 0 { return others(after: second &+ next.length, limit: limit) }
    }
    if kind & notOther == 0 { return others(after: second, limit: limit) }
    return spaces(from: start, limit: limit)
  }

  /// Whether a character can be the optional first character of a word.
  @inline(__always)
  private func mayLead(_ byte: UInt8, _ kind: UInt8) -> Bool {
    switch pattern.lead {
    case .space: byte == UInt8(ascii: " ")
    case .anyButLineBreak: kind & (Self.letter | Self.number) == 0 && !Self.isLineBreak(byte)
    }
  }

  /// The end of the run of characters of a set; `from` if there are none.
  @inline(__always)
  private func run(of set: UInt8, from: Int, limit: Int) -> Int {
    var position = from
    while position < limit {
      let (kind, length) = character(at: position)
      if kind & set == 0 { break }
      position &+= length
    }
    return position
  }

  private func numbers(after second: Int, limit: Int) -> Int {
    switch pattern.numbers {
    case .single: return second
    case .spaceAndRun, .run: return run(of: Self.number, from: second, limit: limit)
    case .upToThree:
      var position = second
      for _ in 0..<2 where position < limit {
        let (kind, length) = character(at: position)
        if kind & Self.number == 0 { break }
        position &+= length
      }
      return position
    }
  }

  private func others(after second: Int, limit: Int) -> Int {
    var position = second
    while position < limit {
      let (kind, length) = character(at: position)
      if kind & notOther != 0 { break }
      position &+= length
    }
    guard pattern.tail != .none else { return position }
    let slashes = pattern.tail == .lineBreaksAndSlashes
    while position < limit,
      Self.isLineBreak(text[position]) || (slashes && text[position] == UInt8(ascii: "/"))
    {
      position &+= 1
    }
    return position
  }

  /// `\s*[\r\n]+|\s+(?!\S)|\s+`, where the character at `start` is a space.
  private func spaces(from start: Int, limit: Int) -> Int {
    var position = start
    var last = start
    var afterLineBreak = start
    while position < limit {
      let (kind, length) = character(at: position)
      if kind & Self.space == 0 { break }
      last = position
      if Self.isLineBreak(text[position]) { afterLineBreak = position &+ length }
      position &+= length
    }
    if pattern.wholeEnd, position == limit { return position }
    if pattern.lineBreaks, afterLineBreak > start { return afterLineBreak }
    return position == limit || last == start ? position : last
  }

  /// o200k's alternatives, without the contraction suffix:
  ///
  ///     lead? upper* lower+ | lead? upper+ lower*
  ///
  /// where caseless letters and marks are in both sets. Nil where neither matches.
  @inline(__always)
  private func casedWord(_ start: Int, _ kind: UInt8, _ second: Int, _ limit: Int) -> Int? {
    let end: Int
    if kind & Self.letter != 0 {
      end = casedBody(start, limit).end
    } else if mayLead(text[start], kind) {
      let led: (end: Int, lower: Bool) = second < limit ? casedBody(second, limit) : (second, false)
      // A mark may be the lead or part of the word: try the first alternative both ways, then the second.
      let own: (end: Int, lower: Bool) =
        kind & Self.mark != 0 ? casedBody(start, limit) : (start, false)
      if led.lower {
        end = led.end
      } else if own.lower {
        end = own.end
      } else if led.end > second {
        end = led.end
      } else {
        return nil
      }
    } else {
      return nil
    }
    guard pattern.contractions == .suffix, end < limit, text[end] == UInt8(ascii: "'") else { return end }
    return end &+ contraction(at: end, limit: limit, anyCase: true)
  }

  /// Matches `upper* lower+` (`lower` is true) or else `upper*`.
  @inline(__always)
  private func casedBody(_ start: Int, _ limit: Int) -> (end: Int, lower: Bool) {
    var position = start
    var afterBoth = start
    while position < limit {
      let (kind, length) = character(at: position)
      if kind & Self.upperSet == 0 {
        if kind & Self.lowerSet == 0 { break }
        return (run(of: Self.lowerSet, from: position &+ length, limit: limit), true)
      }
      position &+= length
      if kind & Self.bothSets != 0 { afterBoth = position }
    }
    // Backtracking: `upper*` gives up characters until `lower+` can match one that is in both sets.
    return afterBoth > start ? (afterBoth, true) : (position, false)
  }

  /// The length of the contraction at an apostrophe; 0 where there is none.
  private func contraction(at start: Int, limit: Int, anyCase: Bool) -> Int {
    let rest = limit &- start
    guard rest >= 2 else { return 0 }
    let fold: UInt8 = anyCase ? 0x20 : 0
    let first = text[start &+ 1] | fold
    switch first {
    case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"): return 2
    case UInt8(ascii: "r"), UInt8(ascii: "v"):
      return rest >= 3 && text[start &+ 2] | fold == UInt8(ascii: "e") ? 3 : 0
    case UInt8(ascii: "l"):
      return rest >= 3 && text[start &+ 2] | fold == UInt8(ascii: "l") ? 3 : 0
    default:
      // U+017F, the long s, equals s when case is ignored.
      let long = anyCase && rest >= 3 && text[start &+ 1] == 0xC5 && text[start &+ 2] == 0xBF
      return long ? 3 : 0
    }
  }

  @inline(__always)
  private static func isLineBreak(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
  }
}
