extension Jinja {
  /// Splits a template into tokens, with jinja2's whitespace control as chat templates use it: `trim_blocks`
  /// (the newline after a block tag is removed), `lstrip_blocks` (white space between the start of a line and
  /// a block tag is removed), and `-` and `+` at either end of a tag. One pass, linear in the source.
  struct Lexer {
    var source: [UInt8]
    var position = 0
    var line = 1
    var lexemes: [Lexeme] = []
    /// The expected closing brackets; a tag can end only when there are none.
    var closers: [Symbol] = []
    /// Whether the next text starts a line.
    private var lineStarting = true

    enum Sign { case minus, plus, none }

    static func tokens(of source: String) throws(TemplateError) -> [Lexeme] {
      guard source.utf8.count <= Limits.sourceBytes else {
        let most = "\(Limits.sourceBytes >> 20) MB"
        throw TemplateError(.limit, "the template is larger than \(most)", line: 1)
      }
      var lexer = Lexer(source)
      try lexer.run()
      return lexer.lexemes
    }

    private init(_ source: String) {
      var bytes: [UInt8] = []
      bytes.reserveCapacity(source.utf8.count)
      var afterReturn = false
      for byte in source.utf8 {
        if byte == UInt8(ascii: "\r") {
          bytes.append(UInt8(ascii: "\n"))
        } else if byte != UInt8(ascii: "\n") || !afterReturn {
          bytes.append(byte)
        }
        afterReturn = byte == UInt8(ascii: "\r")
      }
      if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
      self.source = bytes
    }

    private mutating func run() throws(TemplateError) {
      while let opening = nextOpening() {
        let text = position..<opening
        position = opening + 2
        let kind = source[opening + 1]
        if kind == UInt8(ascii: "%"), let body = rawBody(after: position) {
          addText(text, before: body.sign, isVariable: false)
          position = body.start
          try raw()
          continue
        }
        let sign = openingSign()
        addText(text, before: sign, isVariable: kind == UInt8(ascii: "{"))
        switch kind {
        case UInt8(ascii: "#"): try comment()
        case UInt8(ascii: "%"): try tag(opens: .blockBegin)
        default: try tag(opens: .variableBegin)
        }
      }
      addText(position..<source.count, before: .plus, isVariable: true)
      lexemes.append(Lexeme(token: .end, line: line))
    }

    /// The offset of the next `{{`, `{%` or `{#`.
    private func nextOpening() -> Int? {
      source.withUnsafeBufferPointer { bytes in
        var index = position
        while index + 1 < bytes.count {
          if bytes[index] == UInt8(ascii: "{") {
            switch bytes[index + 1] {
            case UInt8(ascii: "{"), UInt8(ascii: "%"), UInt8(ascii: "#"): return index
            default: break
            }
          }
          index += 1
        }
        return nil
      }
    }

    mutating func openingSign() -> Sign {
      let sign = sign(at: position)
      if sign != .none { position += 1 }
      return sign
    }

    func sign(at index: Int) -> Sign {
      guard index < source.count else { return .none }
      switch source[index] {
      case UInt8(ascii: "-"): return .minus
      case UInt8(ascii: "+"): return .plus
      default: return .none
      }
    }

    /// Adds the text before a tag, with trailing white space removed as the tag's sign and `lstrip_blocks`
    /// require.
    mutating func addText(_ range: Range<Int>, before sign: Sign, isVariable: Bool) {
      var end = range.upperBound
      switch sign {
      case .minus: end = endWithoutSpace(range)
      case .plus: break
      case .none where isVariable: break
      case .none:
        let newline = source[range].lastIndex(of: UInt8(ascii: "\n"))
        let start = newline.map { $0 + 1 } ?? range.lowerBound
        if newline != nil || lineStarting, endWithoutSpace(start..<range.upperBound) == start { end = start }
      }
      if end > range.lowerBound {
        lexemes.append(Lexeme(token: .data(Array(source[range.lowerBound..<end])), line: line))
      }
      countLines(range)
      lineStarting = false
    }

    private func endWithoutSpace(_ range: Range<Int>) -> Int {
      let text = String(decoding: source[range], as: UTF8.self).unicodeScalars
      var rest = text[...]
      while let last = rest.last, last.isPythonSpace { rest.removeLast() }
      return range.lowerBound + text[..<rest.endIndex].reduce(0) { $0 + UTF8.width($1) }
    }

    private mutating func countLines(_ range: Range<Int>) {
      for byte in source[range] where byte == UInt8(ascii: "\n") { line += 1 }
    }

    private mutating func comment() throws(TemplateError) {
      let start = position
      guard let closing = find("#}", from: start) else {
        throw syntax("the comment is not closed with '#}'")
      }
      countLines(start..<closing)
      position = closing + 2
      finishTag(closing > start ? self.sign(at: closing - 1) : .none, trims: true)
    }

    /// Applies a closing tag's sign to the white space after it.
    mutating func finishTag(_ sign: Sign, trims: Bool) {
      let start = position
      switch sign {
      case .minus: skipSpace()
      case .plus: break
      case .none:
        if trims, position < source.count, source[position] == UInt8(ascii: "\n") { position += 1 }
      }
      countLines(start..<position)
      lineStarting = position > start && source[position - 1] == UInt8(ascii: "\n")
    }

    /// Skips white space without counting lines.
    mutating func skipSpace() {
      while position < source.count, let (scalar, width) = scalar(at: position), scalar.isPythonSpace {
        position += width
      }
    }

    private mutating func tag(opens: Token) throws(TemplateError) {
      let isBlock = opens == .blockBegin
      lexemes.append(Lexeme(token: opens, line: line))
      closers = []
      while true {
        guard position < source.count else {
          throw syntax("the tag is not closed with '\(isBlock ? "%}" : "}}")'")
        }
        if closers.isEmpty, let sign = closing(isBlock) {
          lexemes.append(Lexeme(token: isBlock ? .blockEnd : .variableEnd, line: line))
          finishTag(sign, trims: isBlock)
          return
        }
        let start = position
        skipSpace()
        if position > start {
          countLines(start..<position)
        } else {
          try lexInsideTag()
        }
      }
    }

    /// Skips the end of a tag, if it is at the current position.
    mutating func closing(_ isBlock: Bool) -> Sign? {
      let end = isBlock ? "%}" : "}}"
      if starts(end, at: position) {
        position += 2
        return Sign.none
      }
      let sign = sign(at: position)
      guard sign == .minus || (sign == .plus && isBlock), starts(end, at: position + 1) else { return nil }
      position += 3
      return sign
    }

    // MARK: reading the source

    func starts(_ text: String, at index: Int) -> Bool {
      index <= source.count && source[index...].starts(with: text.utf8)
    }

    func find(_ text: String, from start: Int) -> Int? {
      Text(source).firstByteOffset(of: Text(text), from: start)
    }

    /// The code point at a byte offset and its length.
    func scalar(at index: Int) -> (Unicode.Scalar, Int)? {
      guard index < source.count else { return nil }
      if source[index] < 0x80 { return (Unicode.Scalar(source[index]), 1) }
      let text = String(decoding: source[index..<min(index + 4, source.count)], as: UTF8.self)
      return text.unicodeScalars.first.map { ($0, UTF8.width($0)) }
    }

    func syntax(_ message: String) -> TemplateError { TemplateError(.syntax, message, line: line) }
  }
}
