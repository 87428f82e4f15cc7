/// The delimiter runs of emphasis, and the resulting spans.
extension InlineParser {
  /// Parses a run of * _ or ~ and pairs it with the runs before it. Returns the index after it.
  mutating func readDelimiter(_ text: [Character], _ start: Int) -> Int {
    let mark = text[start]
    var count = 0
    while start + count < text.count && text[start + count] == mark { count += 1 }
    let before = start == 0 ? Character(" ") : text[start - 1]
    let after = start + count == text.count ? Character(" ") : text[start + count]
    let left =
      !after.isWhitespace
      && (!after.isPunctuationOrSymbol || before.isWhitespace || before.isPunctuationOrSymbol)
    let right =
      !before.isWhitespace
      && (!before.isPunctuationOrSymbol || after.isWhitespace || after.isPunctuationOrSymbol)
    if mark == "~" && count != 2 || !left && !right {
      plain += String(repeating: mark, count: count)
      return start + count
    }
    let canOpen = mark == "_" ? left && (!right || before.isPunctuationOrSymbol) : left
    let canClose = mark == "_" ? right && (!left || after.isPunctuationOrSymbol) : right
    endPlain()
    let piece = pieces.count
    pieces.append(.delimiter(mark, count: count))
    var remaining = count
    if canClose { remaining = close(mark, count, canOpen: canOpen, piece: piece) }
    if canOpen && remaining > 0 {
      openers.append(Opener(piece: piece, mark: mark, count: remaining, canClose: canClose, original: count))
      if openers.count > Self.openersKept { openers.removeFirst() }
    }
    return start + count
  }

  // Pairs a closing run with the openers before it; returns the number of unpaired marks.
  private mutating func close(_ mark: Character, _ count: Int, canOpen: Bool, piece: Int) -> Int {
    var remaining = count
    while remaining > 0 {
      let match = openers.lastIndex { opener in
        guard opener.mark == mark else { return false }
        // The "multiple of 3" rule: "*a**b*" pairs the single marks.
        let odd = (canOpen || opener.canClose) && (opener.original + count) % 3 == 0
        return !odd || opener.original % 3 == 0 && count % 3 == 0
      }
      guard let match else { break }
      let used = mark == "~" ? 2 : min(2, min(remaining, openers[match].count))
      emphasise(mark, used, from: openers[match].piece, to: piece)
      remaining -= used
      consume(used, from: openers[match].piece)
      consume(used, from: piece)
      openers.removeSubrange((match + 1)...)
      openers[match].count -= used
      if openers[match].count <= 0 { openers.removeLast() }
    }
    return remaining
  }

  private mutating func emphasise(_ mark: Character, _ used: Int, from: Int, to: Int) {
    let bold = mark != "~" && used == 2 ? 1 : 0
    let italic = mark != "~" && used == 1 ? 1 : 0
    let struck = mark == "~" ? 1 : 0
    // The marks that an opening run has left are in front of the emphasis.
    for (piece, sign) in [(from + 1, 1), (to, -1)] {
      var change = changes[piece] ?? (0, 0, 0)
      change.bold += sign * bold
      change.italic += sign * italic
      change.struck += sign * struck
      changes[piece] = change
    }
  }

  private mutating func consume(_ used: Int, from piece: Int) {
    if case .delimiter(let mark, let count) = pieces[piece] {
      pieces[piece] = .delimiter(mark, count: count - used)
    }
  }

  /// The spans of the parsed text.
  func result() -> [Span] {
    var line = StyledLine()
    var changes = changes
    // While the text streams, an unclosed run of two marks extends to the end.
    var hidden: Set<Int> = []
    for opener in openers
    where isOpen && opener.count == 2 && opener.original == 2 && opener.piece + 1 < pieces.count {
      var change = changes[opener.piece] ?? (0, 0, 0)
      if opener.mark == "~" { change.struck += 1 } else { change.bold += 1 }
      changes[opener.piece] = change
      hidden.insert(opener.piece)
    }
    var (bold, italic, struck) = (0, 0, 0)
    for (index, piece) in pieces.enumerated() {
      if let change = changes[index] {
        bold += change.bold
        italic += change.italic
        struck += change.struck
      }
      var emphasis: Emphasis = []
      if bold > 0 { emphasis.insert(.bold) }
      if italic > 0 { emphasis.insert(.italic) }
      if struck > 0 { emphasis.formUnion([.dim, .struck]) }
      switch piece {
      case .text(let text, let style): line.append(text, style.adding(emphasis))
      case .delimiter(let mark, let count):
        if count > 0 && !hidden.contains(index) {
          line.append(String(repeating: mark, count: count), base.adding(emphasis))
        }
      }
    }
    return line.spans
  }
}

extension Character {
  /// What CommonMark calls punctuation: Unicode punctuation and symbols.
  package var isPunctuationOrSymbol: Bool { isPunctuation || isSymbol }
}
