// Tokens inside tags: names, numbers, strings and operators.
extension Jinja.Lexer {
  /// Reads one token at the current position, which is not white space.
  mutating func lexInsideTag() throws(TemplateError) {
    let byte = source[position]
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): try number()
    case UInt8(ascii: "'"), UInt8(ascii: "\""): try string(quote: byte)
    default:
      if try name() { return }
      try symbol()
    }
  }

  private mutating func add(_ token: Jinja.Token) {
    lexemes.append(Jinja.Lexeme(token: token, line: line))
  }

  private mutating func name() throws(TemplateError) -> Bool {
    let start = position
    while let (scalar, width) = scalar(at: position) {
      let isPart =
        position == start ? scalar == "_" || scalar.properties.isXIDStart : scalar.properties.isXIDContinue
      guard isPart else { break }
      position += width
    }
    guard position > start else { return false }
    add(.name(String(decoding: source[start..<position], as: UTF8.self)))
    return true
  }

  private mutating func symbol() throws(TemplateError) {
    for length in [2, 1] where position + length <= source.count {
      let text = String(decoding: source[position..<position + length], as: UTF8.self)
      guard let symbol = Jinja.Symbol(rawValue: text) else { continue }
      try balance(symbol)
      add(.symbol(symbol))
      position += length
      return
    }
    let found = scalar(at: position).map { String($0.0) } ?? ""
    throw syntax("unexpected character '\(found)'")
  }

  private mutating func balance(_ symbol: Jinja.Symbol) throws(TemplateError) {
    switch symbol {
    case .openBrace: closers.append(.closeBrace)
    case .openBracket: closers.append(.closeBracket)
    case .openParenthesis: closers.append(.closeParenthesis)
    case .closeBrace, .closeBracket, .closeParenthesis:
      guard let expected = closers.popLast() else { throw syntax("unmatched '\(symbol.rawValue)'") }
      guard expected == symbol else {
        throw syntax("expected '\(expected.rawValue)' but found '\(symbol.rawValue)'")
      }
    default: break
    }
  }

  // MARK: numbers

  private mutating func number() throws(TemplateError) {
    let start = position
    let followsDot = start > 0 && source[start - 1] == UInt8(ascii: ".")
    if !followsDot, try float() { return }
    position = start
    try integer()
  }

  private mutating func digits() -> Bool {
    let start = position
    while position < source.count {
      let isDigit = (0x30...0x39).contains(source[position])
      let isSeparator =
        source[position] == UInt8(ascii: "_") && position > start && position + 1 < source.count
        && (0x30...0x39).contains(source[position + 1])
      guard isDigit || isSeparator else { break }
      position += 1
    }
    return position > start
  }

  private func byte(_ offset: Int = 0) -> UInt8? {
    position + offset < source.count ? source[position + offset] : nil
  }

  private mutating func float() throws(TemplateError) -> Bool {
    let start = position
    _ = digits()
    var isFloat = false
    if byte() == UInt8(ascii: "."), let next = byte(1), (0x30...0x39).contains(next) {
      position += 1
      isFloat = digits()
    }
    if byte().map({ $0 | 0x20 }) == UInt8(ascii: "e") {
      let before = position
      position += 1
      if byte() == UInt8(ascii: "+") || byte() == UInt8(ascii: "-") { position += 1 }
      if digits() { isFloat = true } else { position = before }
    }
    guard isFloat else { return false }
    let text = String(decoding: source[start..<position].filter { $0 != UInt8(ascii: "_") }, as: UTF8.self)
    guard let value = Double(text) else { throw syntax("'\(text)' is not a number") }
    add(.float(value))
    return true
  }

  private mutating func integer() throws(TemplateError) {
    let start = position
    var radix = 10
    if source[start] == UInt8(ascii: "0"), let mark = byte(1).map({ $0 | 0x20 }) {
      let radixes: [UInt8: Int] = [UInt8(ascii: "x"): 16, UInt8(ascii: "o"): 8, UInt8(ascii: "b"): 2]
      radix = radixes[mark] ?? 10
    }
    if radix == 10 {
      _ = digits()
      // A leading zero ends the number: 012 is 0 followed by 12, which is a syntax error.
      if source[start] == UInt8(ascii: "0") {
        position = start + 1
        while byte() == UInt8(ascii: "0") { position += 1 }
      }
    } else {
      position += 2
      while let next = byte(), next == UInt8(ascii: "_") || Unicode.Scalar(next).properties.isXIDContinue {
        position += 1
      }
    }
    let text = String(
      decoding: source[(radix == 10 ? start : start + 2)..<position].filter { $0 != UInt8(ascii: "_") },
      as: UTF8.self)
    guard let value = Int(text, radix: radix) else {
      throw syntax("'\(text)' is not a number of 64 bits")
    }
    add(.integer(value))
  }

  // MARK: strings

  private mutating func string(quote: UInt8) throws(TemplateError) {
    let firstLine = line
    var result: [UInt8] = []
    position += 1
    while let next = byte() {
      position += 1
      switch next {
      case quote:
        lexemes.append(Jinja.Lexeme(token: .string(result), line: firstLine))
        return
      case UInt8(ascii: "\\"): try escape(into: &result)
      default:
        if next == UInt8(ascii: "\n") { line += 1 }
        result.append(next)
      }
    }
    throw TemplateError(.syntax, "the string is not closed", line: firstLine)
  }

  /// Python's escapes; an unknown one is copied with its backslash.
  private mutating func escape(into result: inout [UInt8]) throws(TemplateError) {
    guard let next = byte() else { return }
    position += 1
    switch next {
    case UInt8(ascii: "\n"): line += 1
    case UInt8(ascii: "\\"), UInt8(ascii: "'"), UInt8(ascii: "\""): result.append(next)
    case UInt8(ascii: "n"): result.append(0x0a)
    case UInt8(ascii: "t"): result.append(0x09)
    case UInt8(ascii: "r"): result.append(0x0d)
    case UInt8(ascii: "a"): result.append(0x07)
    case UInt8(ascii: "b"): result.append(0x08)
    case UInt8(ascii: "f"): result.append(0x0c)
    case UInt8(ascii: "v"): result.append(0x0b)
    case UInt8(ascii: "x"): try hexadecimal(2, into: &result)
    case UInt8(ascii: "u"): try hexadecimal(4, into: &result)
    case UInt8(ascii: "U"): try hexadecimal(8, into: &result)
    case UInt8(ascii: "N"):
      throw syntax("strings with \\N{...} are not supported; write the character itself")
    case UInt8(ascii: "0")...UInt8(ascii: "7"):
      position -= 1
      var value: UInt32 = 0
      var count = 0
      while count < 3, let digit = byte(), (0x30...0x37).contains(digit) {
        value = value * 8 + UInt32(digit - 0x30)
        position += 1
        count += 1
      }
      append(value, to: &result)
    default: result += [UInt8(ascii: "\\"), next]
    }
  }

  private mutating func hexadecimal(_ length: Int, into result: inout [UInt8]) throws(TemplateError) {
    let end = position + length
    guard end <= source.count,
      let value = UInt32(String(decoding: source[position..<end], as: UTF8.self), radix: 16)
    else { throw syntax("an escape in a string needs \(length) hexadecimal digits") }
    position = end
    append(value, to: &result)
  }

  /// An unpaired surrogate becomes the replacement character.
  private func append(_ value: UInt32, to result: inout [UInt8]) {
    result += UTF8.encodeScalar(Unicode.Scalar(value) ?? "\u{fffd}")
  }
}
