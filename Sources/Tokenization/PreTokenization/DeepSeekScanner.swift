/// Splits UTF-8 text by DeepSeek 3's word pattern, which follows its patterns for numbers and for Chinese and
/// Japanese:
///
///     [!-/:-~][A-Za-z]+ | [^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+ | " "?[\p{P}\p{S}]+[\r\n]*
///       | \s*[\r\n]+ | \s+(?!\S) | \s+
///
/// (the first bracket stands for ASCII punctuation). A run of characters that match nothing is one piece. The
/// text must be valid UTF-8.
struct DeepSeekScanner {
  let text: UnsafePointer<UInt8>
  private let classes = CharacterClass.table

  private static let word = CharacterClass([.letter, .mark]).rawValue
  private static let sign = CharacterClass([.punctuation, .symbol]).rawValue
  private static let notLead = CharacterClass([.letter, .punctuation, .symbol]).rawValue
  private static let space = CharacterClass.space.rawValue

  init(text: UnsafePointer<UInt8>) { self.text = text }

  /// The end of the match, or of the unmatched run, that starts at `start`. Requires `start < limit`.
  func end(from start: Int, limit: Int) -> Int {
    if let end = match(start, limit) { return end }
    var position = start
    repeat {
      position &+= UTF8Text.length(startingWith: text[position])
    } while position < limit && match(position, limit) == nil
    return position
  }

  private func match(_ start: Int, _ limit: Int) -> Int? {
    let (kind, length) = UTF8Text.character(text, at: start, classes)
    let second = start &+ length
    let next: (kind: UInt8, length: Int) =
      second < limit ? UTF8Text.character(text, at: second, classes) : (0, 0)
    if length == 1, kind & Self.sign != 0, second < limit, isASCIILetter(text[second]) {
      var position = second
      while position < limit, isASCIILetter(text[position]) { position &+= 1 }
      return position
    }
    if kind & Self.word != 0 { return run(of: Self.word, from: second, limit) }
    if kind & Self.notLead == 0, !isLineBreak(text[start]), next.kind & Self.word != 0 {
      return run(of: Self.word, from: second &+ next.length, limit)
    }
    if kind & Self.sign != 0 { return signs(after: second, limit) }
    if text[start] == UInt8(ascii: " "), next.kind & Self.sign != 0 {
      return signs(after: second &+ next.length, limit)
    }
    return kind & Self.space != 0 ? spaces(start, limit) : nil
  }

  private func signs(after second: Int, _ limit: Int) -> Int {
    var position = run(of: Self.sign, from: second, limit)
    while position < limit, isLineBreak(text[position]) { position &+= 1 }
    return position
  }

  private func spaces(_ start: Int, _ limit: Int) -> Int {
    var (position, last, afterLineBreak) = (start, start, start)
    while position < limit {
      let (kind, length) = UTF8Text.character(text, at: position, classes)
      if kind & Self.space == 0 { break }
      last = position
      position &+= length
      if isLineBreak(text[last]) { afterLineBreak = position }
    }
    if afterLineBreak > start { return afterLineBreak }
    return position == limit || last == start ? position : last
  }

  private func run(of set: UInt8, from: Int, _ limit: Int) -> Int {
    var position = from
    while position < limit {
      let (kind, length) = UTF8Text.character(text, at: position, classes)
      if kind & set == 0 { break }
      position &+= length
    }
    return position
  }

  private func isASCIILetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- UInt8(ascii: "a") < 26 }
  private func isLineBreak(_ byte: UInt8) -> Bool { byte == 0x0A || byte == 0x0D }
}
