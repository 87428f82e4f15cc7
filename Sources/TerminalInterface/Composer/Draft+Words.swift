/// The boundaries of words and lines, as in readline.
extension Draft {
  /// The line that contains the cursor, without its line feed.
  package var lineRange: Range<Int> {
    let start = elements[..<cursor].lastIndex(of: .character("\n")).map { $0 + 1 } ?? 0
    let end = elements[cursor...].firstIndex(of: .character("\n")) ?? elements.count
    return start..<end
  }

  /// The start of the word before the cursor: letters and digits (Alt-B).
  package var wordStart: Int {
    var place = cursor
    while place > 0 && !isWord(place - 1) { place -= 1 }
    while place > 0 && isWord(place - 1) { place -= 1 }
    return place
  }

  /// The end of the word after the cursor (Alt-F).
  package var wordEnd: Int {
    var place = cursor
    while place < elements.count && !isWord(place) { place += 1 }
    while place < elements.count && isWord(place) { place += 1 }
    return place
  }

  /// The start of the range that Ctrl-W kills: back to white space.
  package var spacedWordStart: Int {
    var place = cursor
    while place > 0 && isSpace(place - 1) { place -= 1 }
    while place > 0 && !isSpace(place - 1) { place -= 1 }
    return place
  }

  /// The range that Ctrl-K kills: the rest of the line, or its line feed at the end of the line.
  package var restOfLine: Range<Int> {
    let end = lineRange.upperBound
    return cursor..<(end == cursor ? min(end + 1, elements.count) : end)
  }

  private func isWord(_ place: Int) -> Bool {
    switch elements[place] {
    case .character(let character): character.isLetter || character.isNumber || character == "_"
    case .chip, .attachment: true
    }
  }

  private func isSpace(_ place: Int) -> Bool {
    switch elements[place] {
    case .character(let character): character.isWhitespace
    case .chip, .attachment: false
    }
  }

  /// The word of an `@path` before the cursor, without the `@`; nil for none. It may follow a file or a paste at once.
  package var fileWord: (text: String, range: Range<Int>)? {
    var start = cursor
    while start > 0, case .character(let character) = elements[start - 1], !character.isWhitespace {
      start -= 1
    }
    guard start < cursor, elements[start] == .character("@") else { return nil }
    return (Self.text(of: elements[start + 1..<cursor]), start..<cursor)
  }
}
