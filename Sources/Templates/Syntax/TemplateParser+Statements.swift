// Tags.
extension Jinja.Parser {
  typealias Statement = Jinja.Statement
  typealias Target = Jinja.Target

  /// Parses the tag whose name is current; its end is not consumed. Nil for a tag without effect.
  mutating func statement() throws(TemplateError) -> Statement? {
    let line = line
    guard case .name(let tag) = current else {
      throw error("expected the name of a tag but found \(current.described)")
    }
    advance()
    openTags.append((tag, line))
    defer { openTags.removeLast() }
    switch tag {
    case "for": return .loop(try loop(), line: line)
    case "if": return try condition()
    case "set": return try set(line)
    case "macro": return try macro(line)
    case "call": return try callBlock(line)
    case "filter":
      let filter = try blockFilters(inline: true) ?? .blockText
      return .filter(filter, try body(until: "endfilter"), line: line)
    case "with": return try with(line)
    case "generation": return .scope(try function("endgeneration"))
    case "block": return try block()
    case "print": return try printed(line)
    case "break", "continue":
      guard loops > 0 else { throw error("'\(tag)' outside a loop", line: line) }
      return tag == "break" ? .breakLoop : .continueLoop
    case "include", "import", "from", "extends":
      throw TemplateError(
        .unsupported, "'\(tag)' reads another file, which a chat template cannot do; use a single template",
        line: line)
    default: throw unknown(tag, line)
    }
  }

  private func unknown(_ tag: String, _ line: Int) -> TemplateError {
    guard openTags.count > 1 else { return error("unknown tag '\(tag)'", line: line) }
    let around = openTags[openTags.count - 2]
    return error("unknown tag '\(tag)' inside '\(around.name)' of line \(around.line)", line: line)
  }

  /// The statements of a tag, from its end to the closing tag `end`, whose name is consumed.
  private mutating func body(until end: String) throws(TemplateError) -> [Statement] {
    let body = try branch(until: [end])
    advance()
    return body
  }

  private mutating func branch(until ends: Set<String>) throws(TemplateError) -> [Statement] {
    _ = skip(.colon)
    try expect(.blockEnd)
    return try statements(until: ends)
  }

  /// A body that is a separate function: `break` and `continue` cannot refer to loops around it.
  private mutating func function(_ end: String) throws(TemplateError) -> [Statement] {
    let outer = loops
    loops = 0
    defer { loops = outer }
    return try body(until: end)
  }

  private mutating func loop() throws(TemplateError) -> Jinja.Loop {
    let target = try target(until: "in", attributes: false)
    guard skip(name: "in") else { throw error("expected 'in' but found \(current.described)") }
    let items = try tuple(conditional: false, until: "recursive")
    let condition = skip(name: "if") ? try expression() : nil
    let isRecursive = skip(name: "recursive")
    loops += 1
    let body = try branch(until: ["endfor", "else"])
    loops -= 1
    let hasElse = isName("else")
    advance()
    let otherwise = hasElse ? try self.body(until: "endfor") : []
    return Jinja.Loop(
      target: target, items: items, condition: condition, isRecursive: isRecursive, body: body,
      otherwise: otherwise)
  }

  private mutating func condition() throws(TemplateError) -> Statement {
    var branches: [(test: Expression, body: [Statement], line: Int)] = []
    while true {
      let line = line
      let test = try tuple(conditional: false)
      branches.append((test, try branch(until: ["elif", "else", "endif"]), line))
      if skip(name: "elif") { continue }
      if skip(name: "else") {
        return .conditional(branches, otherwise: try body(until: "endif"))
      }
      advance()
      return .conditional(branches, otherwise: [])
    }
  }

  private mutating func set(_ line: Int) throws(TemplateError) -> Statement {
    let target = try target(until: nil, attributes: true)
    if skip(.assign) { return .set(target, try tuple(), line: line) }
    let filter = try blockFilters(inline: false)
    return .setBlock(target, filter: filter, try body(until: "endset"), line: line)
  }

  private mutating func with(_ line: Int) throws(TemplateError) -> Statement {
    var assignments: [(Target, Expression)] = []
    while current != .blockEnd {
      if !assignments.isEmpty { try expect(.comma) }
      let target = try target(until: nil, attributes: false)
      try expect(.assign)
      assignments.append((target, try expression()))
    }
    return .with(assignments, try body(until: "endwith"), line: line)
  }

  private mutating func block() throws(TemplateError) -> Statement {
    let name = try expectName()
    var isScoped = false
    while !isSymbol(.colon), current != .blockEnd {
      let word = try expectName()
      guard word == "scoped" || word == "required" else { throw error("unexpected '\(word)' in a block tag") }
      isScoped = isScoped || word == "scoped"
    }
    let body = try function("endblock")
    _ = skip(name: name)
    return .block(body, isScoped: isScoped)
  }

  private mutating func printed(_ line: Int) throws(TemplateError) -> Statement? {
    var values: [Expression] = []
    while current != .blockEnd {
      if !values.isEmpty { try expect(.comma) }
      values.append(try expression())
    }
    return values.isEmpty ? nil : .output(.concatenate(values), line: line)
  }

  // MARK: macros

  private mutating func macro(_ line: Int) throws(TemplateError) -> Statement {
    let name = try expectName()
    let definition = try definition(name, try signature(), end: "endmacro")
    return .macro(id(of: name), definition, line: line)
  }

  private mutating func callBlock(_ line: Int) throws(TemplateError) -> Statement {
    let signature = isSymbol(.openParenthesis) ? try signature() : Jinja.Signature()
    guard case .postfix(let base, var operations) = try expression(),
      case .call(let arguments, _) = operations.popLast()
    else { throw error("'call' needs the call of a macro", line: line) }
    let callee = operations.isEmpty ? base : .postfix(base, operations)
    let definition = try definition("caller", signature, end: "endcall")
    return .call(definition, callee: callee, arguments, line: line)
  }

  private mutating func definition(
    _ name: String, _ signature: Jinja.Signature, end: String
  ) throws(TemplateError) -> Jinja.MacroDefinition {
    usedNames.append([])
    let body = try function(end)
    let used = usedNames.removeLast()
    return Jinja.MacroDefinition(
      name: name, signature: signature, body: body, usesCaller: used.contains("caller"),
      usesKeywords: used.contains("kwargs"), usesVariadics: used.contains("varargs"))
  }

  private mutating func signature() throws(TemplateError) -> Jinja.Signature {
    try expect(.openParenthesis)
    var signature = Jinja.Signature()
    while !isSymbol(.closeParenthesis) {
      if !signature.parameters.isEmpty { try expect(.comma) }
      let name = try expectName()
      signature.parameters.append((id(of: name), name))
      if skip(.assign) {
        signature.defaults.append(try expression())
      } else if !signature.defaults.isEmpty {
        throw error("the parameter '\(name)' needs a default, as one before it has one")
      }
    }
    advance()
    return signature
  }

  // MARK: assignment

  /// An assignment's target, up to the name `end`.
  private mutating func target(until end: String?, attributes: Bool) throws(TemplateError) -> Target {
    var items: [Target] = []
    var isTuple = false
    while true {
      if !items.isEmpty { try expect(.comma) }
      if isTupleEnd(end) || isSymbol(.assign) { break }
      items.append(try oneTarget(attributes))
      guard isSymbol(.comma) else { break }
      isTuple = true
    }
    if !isTuple, let only = items.first { return only }
    guard isTuple else { throw error("expected a name but found \(current.described)") }
    return .tuple(items)
  }

  private mutating func oneTarget(_ attributes: Bool) throws(TemplateError) -> Target {
    if skip(.openParenthesis) {
      let inner = try nested { (parser) throws(TemplateError) in
        try parser.target(until: nil, attributes: false)
      }
      try expect(.closeParenthesis)
      return inner
    }
    let name = try expectName()
    guard !["true", "false", "none", "True", "False", "None"].contains(name) else {
      throw error("'\(name)' is a constant and cannot be assigned to")
    }
    if attributes, skip(.dot) { return .attribute(object: use(name), name: try expectName()) }
    return .name(id(of: name))
  }
}
