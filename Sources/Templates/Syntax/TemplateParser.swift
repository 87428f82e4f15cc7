extension Jinja {
  /// Parses tokens into a program by recursive descent, with jinja2's grammar and precedence. Linear time.
  /// Nesting is limited, so hostile input cannot overflow the stack.
  struct Parser {
    private let lexemes: [Lexeme]
    private var index = 0
    private var depth = 0
    private let stack = StackLimit()
    private var names: [String] = []
    private var ids: [String: Name] = [:]
    /// The names used so far in each enclosing macro.
    var usedNames: [Set<String>] = []
    /// The number of enclosing loops within the innermost macro: `break` needs one.
    var loops = 0
    /// The enclosing tags, for error messages.
    var openTags: [(name: String, line: Int)] = []

    static func parse(_ source: String) throws(TemplateError) -> Program {
      var parser = Parser(lexemes: try Lexer.tokens(of: source))
      let statements = try parser.statements(until: [])
      return Program(statements: statements, names: parser.names, ids: parser.ids)
    }

    private init(lexemes: [Lexeme]) { self.lexemes = lexemes }

    // MARK: the token stream

    var current: Token { lexemes[index].token }
    var line: Int { lexemes[index].line }
    /// The token after the current one.
    var following: Token { index + 1 < lexemes.count ? lexemes[index + 1].token : .end }

    /// Moves to the next token; stays at the end.
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
      guard depth <= Limits.syntaxNesting, !stack.isReached else {
        throw TemplateError(
          .limit, "more than \(min(depth - 1, Limits.syntaxNesting)) levels of nesting", line: line)
      }
    }

    // MARK: names

    /// The id of a variable.
    mutating func id(of name: String) -> Name {
      if let id = ids[name] { return id }
      let id = names.count
      names.append(name)
      ids[name] = id
      return id
    }

    /// The id of a variable that is used at this point.
    mutating func use(_ name: String) -> Name {
      for index in usedNames.indices { usedNames[index].insert(name) }
      return id(of: name)
    }

    // MARK: text, output and tags

    /// Statements up to the end of the template or to a tag in `ends`, whose name is then current.
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
      guard let open = openTags.last else { return error("unexpected end of the template") }
      return error("the tag '\(open.name)' is not closed", line: open.line)
    }
  }
}
