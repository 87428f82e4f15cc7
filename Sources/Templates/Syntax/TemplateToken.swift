extension Jinja {
  /// A token of a template.
  enum Token: Equatable {
    /// Text outside tags, after whitespace control.
    case data([UInt8])
    case variableBegin, variableEnd, blockBegin, blockEnd
    case name(String)
    case string([UInt8])
    case integer(Int)
    case float(Double)
    case symbol(Symbol)
    case end

    /// The token as named in error messages.
    var described: String {
      switch self {
      case .data: "text"
      case .variableBegin: "'{{'"
      case .variableEnd: "the end of the expression ('}}')"
      case .blockBegin: "'{%'"
      case .blockEnd: "the end of the tag ('%}')"
      case .name(let name): "'\(name)'"
      case .string: "a string"
      case .integer(let value): "\(value)"
      case .float(let value): "\(value)"
      case .symbol(let symbol): "'\(symbol.rawValue)'"
      case .end: "the end of the template"
      }
    }
  }

  /// Operators and punctuation.
  enum Symbol: String {
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case floorDivide = "//"
    case modulo = "%"
    case power = "**"
    case concatenate = "~"
    case equal = "=="
    case notEqual = "!="
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case assign = "="
    case pipe = "|"
    case dot = "."
    case comma = ","
    case colon = ":"
    case semicolon = ";"
    case openParenthesis = "("
    case closeParenthesis = ")"
    case openBracket = "["
    case closeBracket = "]"
    case openBrace = "{"
    case closeBrace = "}"
  }

  /// A token and the line on which it starts.
  struct Lexeme {
    let token: Token
    let line: Int
  }
}
