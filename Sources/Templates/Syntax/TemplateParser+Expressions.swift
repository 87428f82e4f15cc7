// Expressions, from the lowest precedence to the highest.
extension Jinja.Parser {
  typealias Expression = Jinja.Expression

  mutating func expression(conditional: Bool = true) throws(TemplateError) -> Expression {
    try nested { (parser) throws(TemplateError) in
      conditional ? try parser.conditional() : try parser.or()
    }
  }

  private mutating func conditional() throws(TemplateError) -> Expression {
    var result = try or()
    var count = 0
    while isName("if") {
      let line = line
      advance()
      count += 1
      try checkDepth(count)
      let test = try or()
      let otherwise = skip(name: "else") ? try expression() : nil
      result = .conditional(test: test, then: result, otherwise: otherwise, line: line)
    }
    return result
  }

  private mutating func or() throws(TemplateError) -> Expression {
    var operands = [try and()]
    while skip(name: "or") { operands.append(try and()) }
    return operands.count == 1 ? operands[0] : .or(operands)
  }

  private mutating func and() throws(TemplateError) -> Expression {
    var operands = [try not()]
    while skip(name: "and") { operands.append(try not()) }
    return operands.count == 1 ? operands[0] : .and(operands)
  }

  private mutating func not() throws(TemplateError) -> Expression {
    guard skip(name: "not") else { return try compare() }
    return .not(try nested { (parser) throws(TemplateError) in try parser.not() })
  }

  private mutating func compare() throws(TemplateError) -> Expression {
    let first = try sum()
    var rest: [(Jinja.Comparison, Expression)] = []
    while let comparison = comparison() {
      advance()
      if comparison == .notIn { advance() }
      rest.append((comparison, try sum()))
    }
    return rest.isEmpty ? first : .compare(first, rest)
  }

  private func comparison() -> Jinja.Comparison? {
    switch current {
    case .symbol(.equal): .equal
    case .symbol(.notEqual): .notEqual
    case .symbol(.less): .less
    case .symbol(.lessOrEqual): .lessOrEqual
    case .symbol(.greater): .greater
    case .symbol(.greaterOrEqual): .greaterOrEqual
    case .name("in"): .isIn
    case .name("not") where following == .name("in"): .notIn
    default: nil
    }
  }

  private mutating func sum() throws(TemplateError) -> Expression {
    let first = try concatenation()
    var rest: [(Jinja.BinaryOperator, Expression)] = []
    while true {
      if skip(.add) {
        rest.append((.add, try concatenation()))
      } else if skip(.subtract) {
        rest.append((.subtract, try concatenation()))
      } else {
        return rest.isEmpty ? first : .binary(first, rest)
      }
    }
  }

  private mutating func concatenation() throws(TemplateError) -> Expression {
    var operands = [try product()]
    while skip(.concatenate) { operands.append(try product()) }
    return operands.count == 1 ? operands[0] : .concatenate(operands)
  }

  private mutating func product() throws(TemplateError) -> Expression {
    let first = try power()
    var rest: [(Jinja.BinaryOperator, Expression)] = []
    while case .symbol(let symbol) = current {
      let operation: Jinja.BinaryOperator
      switch symbol {
      case .multiply: operation = .multiply
      case .divide: operation = .divide
      case .floorDivide: operation = .floorDivide
      case .modulo: operation = .modulo
      default: return rest.isEmpty ? first : .binary(first, rest)
      }
      advance()
      rest.append((operation, try power()))
    }
    return rest.isEmpty ? first : .binary(first, rest)
  }

  private mutating func power() throws(TemplateError) -> Expression {
    let first = try unary()
    var rest: [(Jinja.BinaryOperator, Expression)] = []
    while skip(.power) { rest.append((.power, try unary())) }
    return rest.isEmpty ? first : .binary(first, rest)
  }

  private mutating func unary(filters: Bool = true) throws(TemplateError) -> Expression {
    let base: Expression
    if isSymbol(.subtract) || isSymbol(.add) {
      let isNegative = isSymbol(.subtract)
      advance()
      let operand = try nested { (parser) throws(TemplateError) in try parser.unary(filters: false) }
      base = isNegative ? .negate(operand) : .plus(operand)
    } else {
      base = try primary()
    }
    var operations = try postfixes()
    if filters { operations += try filtersAndTests() }
    return operations.isEmpty ? base : .postfix(base, operations)
  }

  mutating func primary() throws(TemplateError) -> Expression {
    switch current {
    case .name(let name):
      advance()
      switch name {
      case "true", "True": return .literal(.bool(true))
      case "false", "False": return .literal(.bool(false))
      case "none", "None": return .literal(.none)
      default: return .name(use(name))
      }
    case .string(var text):
      advance()
      while case .string(let more) = current {
        text += more
        advance()
      }
      return .literal(.string(text))
    case .integer(let value):
      advance()
      return .literal(.integer(value))
    case .float(let value):
      advance()
      return .literal(.float(value))
    case .symbol(.openParenthesis):
      advance()
      let result = try tuple(inParentheses: true)
      try expect(.closeParenthesis)
      return result
    case .symbol(.openBracket):
      advance()
      return .list(
        try elements(until: .closeBracket) { (parser) throws(TemplateError) in try parser.expression() })
    case .symbol(.openBrace):
      advance()
      return .dictionary(
        try elements(until: .closeBrace) { (parser) throws(TemplateError) in
          let key = try parser.expression()
          try parser.expect(.colon)
          return (key: key, value: try parser.expression())
        })
    default: throw error("expected an expression but found \(current.described)")
    }
  }

  /// Elements separated by commas, with an optional trailing comma, up to `end`.
  private mutating func elements<Element>(
    until end: Jinja.Symbol, _ element: (inout Jinja.Parser) throws(TemplateError) -> Element
  ) throws(TemplateError) -> [Element] {
    var elements: [Element] = []
    while !isSymbol(end) {
      if !elements.isEmpty { try expect(.comma) }
      if isSymbol(end) { break }
      elements.append(try element(&self))
    }
    advance()
    return elements
  }

  /// An expression, or with commas a tuple of them.
  mutating func tuple(
    conditional: Bool = true, inParentheses: Bool = false, until end: String? = nil
  ) throws(TemplateError) -> Expression {
    var items: [Expression] = []
    var isTuple = false
    while true {
      if !items.isEmpty { try expect(.comma) }
      if isTupleEnd(end) { break }
      items.append(try expression(conditional: conditional))
      guard isSymbol(.comma) else { break }
      isTuple = true
    }
    if !isTuple, let only = items.first { return only }
    guard isTuple || inParentheses else {
      throw error("expected an expression but found \(current.described)")
    }
    return .tuple(items)
  }

  func isTupleEnd(_ end: String?) -> Bool {
    switch current {
    case .variableEnd, .blockEnd, .symbol(.closeParenthesis): true
    case .name(let name): name == end
    default: false
    }
  }
}
