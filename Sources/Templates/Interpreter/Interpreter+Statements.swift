extension Jinja {
  /// How a block of statements ended.
  enum Flow { case normal, breakLoop, continueLoop }
}

// Statements.
extension Jinja.Interpreter {
  /// Runs statements in the current scope.
  func run(_ statements: [Jinja.Statement]) throws(TemplateError) -> Jinja.Flow {
    for statement in statements {
      let flow = try run(statement)
      guard flow == .normal else { return flow }
    }
    return .normal
  }

  /// Runs `body` in a new scope inside `parent` (or the current one).
  func inScope<Result>(
    of parent: Jinja.Scope? = nil, _ body: () throws(TemplateError) -> Result
  ) throws(TemplateError) -> Result {
    let outer = scope
    scope = Jinja.Scope(parent: parent ?? outer)
    defer { scope = outer }
    return try body()
  }

  private func run(_ statement: Jinja.Statement) throws(TemplateError) -> Jinja.Flow {
    switch statement {
    case .text(let bytes): try emit(bytes)
    case .output(let expression, let line):
      self.line = line
      try emit(try text(try evaluate(expression)).bytes)
    case .set(let target, let expression, let line):
      self.line = line
      try assign(try evaluate(expression), to: target)
    case .conditional(let branches, let otherwise):
      return try nested { () throws(TemplateError) in
        for branch in branches {
          line = branch.line
          if try evaluate(branch.test).isTrue { return try run(branch.body) }
        }
        return try run(otherwise)
      }
    case .loop(let loop, let line):
      self.line = line
      try nested { () throws(TemplateError) in try runOutermost(loop) }
    case .breakLoop: return .breakLoop
    case .continueLoop: return .continueLoop
    default: return try nested { () throws(TemplateError) in try runScoped(statement) }
    }
    return .normal
  }

  /// Statements with a scope or an output buffer of their own.
  private func runScoped(_ statement: Jinja.Statement) throws(TemplateError) -> Jinja.Flow {
    switch statement {
    case .setBlock(let target, let filter, let body, let line):
      let text = try captureInScope(body)
      self.line = line
      try assign(try filtered(text, filter), to: target)
    case .filter(let filter, let body, let line):
      let text = try captureInScope(body)
      self.line = line
      try emit(try self.text(try filtered(text, filter)).bytes)
    case .with(let assignments, let body, let line):
      self.line = line
      var values: [Value] = []
      for (_, expression) in assignments { values.append(try evaluate(expression)) }
      return try inScope { () throws(TemplateError) in
        for ((target, _), value) in zip(assignments, values) { try assign(value, to: target) }
        return try run(body)
      }
    case .scope(let body): return try inScope { () throws(TemplateError) in try run(body) }
    case .block(let body, let isScoped):
      return try inScope(of: isScoped ? scope : scope.root) { () throws(TemplateError) in try run(body) }
    case .macro(let name, let definition, let line):
      self.line = line
      try track(scope)
      scope.values[name] = .macro(Jinja.Macro(definition, scope: scope))
    case .call(let definition, let callee, let arguments, let line):
      self.line = line
      var values = try evaluate(arguments)
      let function = try evaluate(callee)
      values.keywords.append(("caller", .macro(Jinja.Macro(definition, scope: scope))))
      try emit(try text(try call(function, values)).bytes)
    default: break
    }
    return .normal
  }

  private func captureInScope(_ body: [Jinja.Statement]) throws(TemplateError) -> Text {
    try capture { () throws(TemplateError) in
      _ = try inScope { () throws(TemplateError) in try run(body) }
    }
  }

  private func filtered(_ text: Text, _ filter: Jinja.Expression?) throws(TemplateError) -> Value {
    guard let filter else { return .string(text) }
    blockText.append(text)
    defer { blockText.removeLast() }
    return try evaluate(filter)
  }

  // MARK: assignment

  func assign(_ value: Value, to target: Jinja.Target) throws(TemplateError) {
    switch target {
    case .name(let name): scope.values[name] = value
    case .attribute(let object, let name):
      guard case .namespace(let namespace)? = scope.lookUp(object) else {
        throw failure(
          .type, "'\(program.names[object])' is not a namespace, so '\(name)' cannot be set on it")
      }
      try set(name, to: value, on: namespace)
    case .tuple(let targets):
      let items = try elements(of: value)
      guard items.count == targets.count else {
        throw failure(.value, "cannot unpack \(items.count) values into \(targets.count) variables")
      }
      for (item, target) in zip(items, targets) { try assign(item, to: target) }
    }
  }

  func set(_ name: String, to value: Value, on namespace: Jinja.Namespace) throws(TemplateError) {
    guard !name.hasPrefix("_") else {
      throw failure(.value, "a namespace attribute cannot start with an underscore ('\(name)')")
    }
    guard value.depth < Jinja.Limits.valueNesting, namespace.depth < Jinja.Limits.mutableObjects else {
      throw tooDeep()
    }
    namespace[name] = value
  }
}
