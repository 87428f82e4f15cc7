// Postfix operations: attributes, items, calls, filters and tests.
extension Jinja.Parser {
  typealias Postfix = Jinja.Postfix

  /// Attributes, items and calls.
  mutating func postfixes() throws(TemplateError) -> [Postfix] {
    var operations: [Postfix] = []
    while true {
      switch current {
      case .symbol(.dot), .symbol(.openBracket): operations.append(try subscripted())
      case .symbol(.openParenthesis): operations.append(try call())
      default: return operations
      }
    }
  }

  /// Filters and tests, and calls of their results.
  mutating func filtersAndTests() throws(TemplateError) -> [Postfix] {
    var operations: [Postfix] = []
    while true {
      switch current {
      case .symbol(.pipe):
        advance()
        operations.append(try filter())
      case .name("is"): operations.append(try test())
      case .symbol(.openParenthesis): operations.append(try call())
      default: return operations
      }
    }
  }

  private mutating func subscripted() throws(TemplateError) -> Postfix {
    let line = line
    if skip(.dot) {
      switch current {
      case .name(let name):
        advance()
        return .attribute(name, line: line)
      case .integer(let index):
        advance()
        return .item(.literal(.integer(index)), line: line)
      default: throw error("expected a name or a number after '.' but found \(current.described)")
      }
    }
    advance()
    var items: [Expression] = []
    while !isSymbol(.closeBracket) {
      if !items.isEmpty { try expect(.comma) }
      if isSymbol(.colon) || items.isEmpty {
        switch try sliceOrExpression(line) {
        case .item(let item, _): items.append(item)
        case let slice:
          guard items.isEmpty, isSymbol(.closeBracket) else {
            throw error("a slice cannot be combined with other indices")
          }
          advance()
          return slice
        }
      } else {
        items.append(try expression())
      }
    }
    advance()
    guard !items.isEmpty else { throw error("expected an index between '[' and ']'") }
    return .item(items.count == 1 ? items[0] : .tuple(items), line: line)
  }

  private mutating func sliceOrExpression(_ line: Int) throws(TemplateError) -> Postfix {
    var start: Expression?
    if !isSymbol(.colon) {
      let first = try expression()
      guard isSymbol(.colon) else { return .item(first, line: line) }
      start = first
    }
    advance()
    let stop = try bound()
    let step = skip(.colon) ? try bound() : nil
    return .slice(start, stop, step, line: line)
  }

  private mutating func bound() throws(TemplateError) -> Expression? {
    switch current {
    case .symbol(.colon), .symbol(.closeBracket), .symbol(.comma): nil
    default: try expression()
    }
  }

  private mutating func call() throws(TemplateError) -> Postfix {
    let line = line
    return .call(try arguments(), line: line)
  }

  /// The arguments of a call, with its parentheses.
  mutating func arguments() throws(TemplateError) -> Jinja.Arguments {
    try expect(.openParenthesis)
    var arguments = Jinja.Arguments()
    var isFirst = true
    while !isSymbol(.closeParenthesis) {
      if !isFirst {
        try expect(.comma)
        if isSymbol(.closeParenthesis) { break }
      }
      isFirst = false
      try argument(into: &arguments)
    }
    advance()
    return arguments
  }

  private mutating func argument(into arguments: inout Jinja.Arguments) throws(TemplateError) {
    if isSymbol(.multiply) {
      guard arguments.spreadList == nil, arguments.spreadMapping == nil else { throw misplaced() }
      advance()
      arguments.spreadList = try expression()
    } else if isSymbol(.power) {
      guard arguments.spreadMapping == nil else { throw misplaced() }
      advance()
      arguments.spreadMapping = try expression()
    } else if case .name(let name) = current, following == .symbol(.assign) {
      guard arguments.spreadMapping == nil else { throw misplaced() }
      advance()
      advance()
      arguments.keywords.append((name, try expression()))
    } else {
      guard arguments.spreadList == nil, arguments.spreadMapping == nil, arguments.keywords.isEmpty else {
        throw misplaced()
      }
      arguments.positional.append(try expression())
    }
  }

  private func misplaced() -> TemplateError {
    error("call arguments must be in the order: positional, keyword, '*', '**'")
  }

  /// A filter after its pipe.
  mutating func filter() throws(TemplateError) -> Postfix {
    let line = line
    let name = try dottedName()
    return .filter(name, isSymbol(.openParenthesis) ? try arguments() : .init(), line: line)
  }

  /// The filters of a filter block or a set block; nil if there are none.
  mutating func blockFilters(inline: Bool) throws(TemplateError) -> Expression? {
    var filters: [Postfix] = inline ? [try filter()] : []
    while skip(.pipe) { filters.append(try filter()) }
    return filters.isEmpty ? nil : .postfix(.blockText, filters)
  }

  private mutating func dottedName() throws(TemplateError) -> String {
    var name = try expectName()
    while skip(.dot) { name += "." + (try expectName()) }
    return name
  }

  private mutating func test() throws(TemplateError) -> Postfix {
    let line = line
    advance()
    let negated = skip(name: "not")
    let name = try dottedName()
    var arguments = Jinja.Arguments()
    switch current {
    case .symbol(.openParenthesis): arguments = try self.arguments()
    case .name("else"), .name("or"), .name("and"): break
    case .name("is"): throw error("tests with 'is' cannot be chained")
    case .name, .string, .integer, .float, .symbol(.openBracket), .symbol(.openBrace):
      arguments.positional = [try nested { (parser) throws(TemplateError) in try parser.testArgument() }]
    default: break
    }
    return .test(name, arguments, negated: negated, line: line)
  }

  private mutating func testArgument() throws(TemplateError) -> Expression {
    let base = try primary()
    let operations = try postfixes()
    return operations.isEmpty ? base : .postfix(base, operations)
  }
}
