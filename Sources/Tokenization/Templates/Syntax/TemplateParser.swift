extension Jinja {
  /// Reads tokens into a program: recursive descent with jinja2's grammar and precedence. Linear time.
  /// Nesting is limited, so hostile input cannot exhaust the stack.
  struct Parser {
    private let lexemes: [Lexeme]
    private var index = 0
    private var depth = 0
    private var names: [String] = []
    private var numbers: [String: Name] = [:]
    /// The names read so far in each enclosing macro.
    var reads: [Set<String>] = []
    /// The loops around this place within the innermost macro: `break` needs one.
    var loops = 0
    /// The open tags around this place, for error messages.
    var openTags: [(name: String, line: Int)] = []

    static func parse(_ source: String) throws(TemplateError) -> Program {
      var parser = Parser(lexemes: try Lexer.tokens(of: source))
      let statements = try parser.statements(until: [])
      return Program(statements: statements, names: parser.names, numbers: parser.numbers)
    }

    private init(lexemes: [Lexeme]) { self.lexemes = lexemes }

    // MARK: the stream

    var current: Token { lexemes[index].token }
    var line: Int { lexemes[index].line }
    /// The token after the current one.
    var following: Token { index + 1 < lexemes.count ? lexemes[index + 1].token : .end }

    /// Moves on; the end stays the end.
    mutating func advance() { if index + 1 < lexemes.count { index += 1 } }

    func isName(_ name: String) -> Bool { current == .name(name) }
    func isSymbol(_ symbol: Symbol) -> Bool { current == .symbol(symbol) }

    mutating func skip(_ symbol: Symbol) -> Bool {
      guard isSymbol(symbol) else { return false }
      advance()
      return true
    }

    mutating func skip(name: String) -> Bool {
      guard isName(name) else { return false }
      advance()
      return true
    }

    mutating func expect(_ token: Token) throws(TemplateError) {
      guard current == token else {
        throw error("expected \(token.described) but found \(current.described)")
      }
      advance()
    }

    mutating func expect(_ symbol: Symbol) throws(TemplateError) { try expect(.symbol(symbol)) }

    mutating func expectName() throws(TemplateError) -> String {
      guard case .name(let name) = current else {
        throw error("expected a name but found \(current.described)")
      }
      advance()
      return name
    }

    // MARK: errors and limits

    func error(_ message: String, line: Int? = nil) -> TemplateError {
      TemplateError(.syntax, message, line: line ?? self.line)
    }

    /// Counts one level of nesting around `body`.
    mutating func nested<Result>(
      _ body: (inout Parser) throws(TemplateError) -> Result
    ) throws(TemplateError) -> Result {
      depth += 1
      defer { depth -= 1 }
      try checkDepth(depth)
      return try body(&self)
    }

    func checkDepth(_ depth: Int) throws(TemplateError) {
      guard depth <= Limits.syntaxNesting else {
        throw TemplateError(.limit, "more than \(Limits.syntaxNesting) levels of nesting", line: line)
      }
    }

    // MARK: names

    /// The number of a variable.
    mutating func number(of name: String) -> Name {
      if let number = numbers[name] { return number }
      let number = names.count
      names.append(name)
      numbers[name] = number
      return number
    }

    /// The number of a variable that is read here.
    mutating func read(_ name: String) -> Name {
      for index in reads.indices { reads[index].insert(name) }
      return number(of: name)
    }

    // MARK: text, output and tags

    /// Statements up to the end of the template or to a tag of `ends`, whose name is then current.
    mutating func statements(until ends: Set<String>) throws(TemplateError) -> [Statement] {
      try nested { (parser) throws(TemplateError) in
        var body: [Statement] = []
        while true {
          switch parser.current {
          case .end:
            guard ends.isEmpty else { throw parser.unclosed() }
            return body
          case .data(let text):
            body.append(.text(text))
            parser.advance()
          case .variableBegin:
            let line = parser.line
            parser.advance()
            body.append(.output(try parser.tuple(), line: line))
            try parser.expect(.variableEnd)
          case .blockBegin:
            parser.advance()
            if case .name(let name) = parser.current, ends.contains(name) { return body }
            if let statement = try parser.statement() { body.append(statement) }
            try parser.expect(.blockEnd)
          default: throw parser.error("unexpected \(parser.current.described)")
          }
        }
      }
    }

    private func unclosed() -> TemplateError {
      guard let open = openTags.last else { return error("the template ends too early") }
      return error("the tag '\(open.name)' is never closed", line: open.line)
    }
  }
}
