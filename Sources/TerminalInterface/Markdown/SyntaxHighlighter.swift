/// The lexical state at the end of a line of code.
package enum SyntaxState: Sendable, Equatable {
  case code
  case comment
  /// A string over several lines, with its closing delimiter.
  case string(String)
}

/// Highlights code line by line: keywords, strings, numbers, comments. It is not a parser; an error only affects colours.
package enum SyntaxHighlighter {
  /// Longer lines, in bytes, are not highlighted.
  package static let lineLimit = 4000

  /// The spans of a line, and the state after it.
  package static func highlight(_ line: String, language: String, state: SyntaxState) -> ([Span], SyntaxState)
  {
    guard let syntax = Syntax.named(language), line.utf8.count <= lineLimit else {
      return ([Span(line, .code)], state)
    }
    if syntax.isDiff { return ([Span(line, diffRole(line))], .code) }
    var scanner = Scanner(text: Array(line), syntax: syntax, state: state)
    scanner.run()
    return (scanner.line.spans, scanner.state)
  }

  private static func diffRole(_ line: String) -> StyleRole {
    switch line.first {
    case "+": .codeString
    case "-": .codeNumber
    case "@": .codeKeyword
    default: .code
    }
  }

  private struct Scanner {
    let text: [Character]
    let syntax: Syntax
    var state: SyntaxState
    var line = StyledLine()
    var place = 0

    init(text: [Character], syntax: Syntax, state: SyntaxState) {
      self.text = text
      self.syntax = syntax
      self.state = state
    }

    mutating func run() {
      while place < text.count {
        switch state {
        case .comment: takeUntil(syntax.blockComment?.end ?? "", .codeComment)
        case .string(let end): takeUntil(end, .codeString)
        case .code: takeCode()
        }
      }
    }

    private func begins(_ word: String, at place: Int) -> Bool {
      var next = place
      for character in word {
        guard next < text.count, text[next] == character else { return false }
        next += 1
      }
      return !word.isEmpty
    }

    private mutating func add(_ count: Int, _ role: StyleRole) {
      let end = min(text.count, place + count)
      line.append(String(text[place..<end]), TextStyle(role))
      place = end
    }

    private mutating func takeUntil(_ end: String, _ role: StyleRole) {
      var next = place
      while next < text.count && !begins(end, at: next) { next += 1 }
      if next < text.count {
        add(next - place + end.count, role)
        state = .code
      } else {
        add(text.count - place, role)
      }
    }

    private mutating func takeCode() {
      let character = text[place]
      if character == syntax.directive, text[..<place].allSatisfy(\.isWhitespace) {
        add(1, .codeKeyword)
        takeWhile(.codeKeyword) { $0.isLetter }
      } else if syntax.lineComments.contains(where: { begins($0, at: place) }) {
        add(text.count - place, .codeComment)
      } else if let block = syntax.blockComment, begins(block.start, at: place) {
        add(block.start.count, .codeComment)
        state = .comment
      } else if let long = syntax.longQuotes.first(where: { begins($0, at: place) }) {
        add(long.count, .codeString)
        state = .string(long)
      } else if syntax.quotes.contains(character) {
        takeString(character)
      } else if character.isNumber {
        takeWhile(.codeNumber) { $0.isNumber || $0.isLetter || $0 == "." || $0 == "_" }
      } else if character.isLetter || character == "_" {
        takeName()
      } else {
        add(1, .code)
      }
    }

    private mutating func takeString(_ quote: Character) {
      var next = place + 1
      while next < text.count && text[next] != quote { next += text[next] == "\\" ? 2 : 1 }
      add(next - place + 1, syntax.marksKeys && isKey(endingAt: next + 1) ? .codeKeyword : .codeString)
    }

    private mutating func takeName() {
      var end = place
      while end < text.count, isOfName(text[end]) { end += 1 }
      let word = String(text[place..<end])
      let isKeyword = syntax.keywords.contains(syntax.ignoresCase ? word.lowercased() : word)
      let isKey = syntax.marksKeys && isKey(endingAt: end)
      add(end - place, isKeyword || isKey || isTag ? .codeKeyword : .code)
    }

    private func isOfName(_ character: Character) -> Bool {
      character.isLetter || character.isNumber || character == "_" || syntax.nameMarks.contains(character)
    }

    /// Whether a colon or an equals sign follows.
    private func isKey(endingAt end: Int) -> Bool {
      var next = end
      while next < text.count, text[next] == " " { next += 1 }
      return next < text.count && (text[next] == ":" || text[next] == "=")
    }

    /// Whether the name at this place is that of a tag.
    private var isTag: Bool {
      guard syntax.marksTags, place > 0 else { return false }
      return text[place - 1] == "<" || place > 1 && text[place - 1] == "/" && text[place - 2] == "<"
    }

    private mutating func takeWhile(_ role: StyleRole, _ holds: (Character) -> Bool) {
      var end = place
      while end < text.count && holds(text[end]) { end += 1 }
      add(end - place, role)
    }
  }
}
