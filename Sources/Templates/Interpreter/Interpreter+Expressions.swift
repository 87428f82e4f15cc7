extension Jinja {
  /// The evaluated arguments of a call.
  struct CallArguments {
    var positional: [Value] = []
    var keywords: [(name: String, value: Value)] = []
  }
}

// Expressions.
extension Jinja.Interpreter {
  func evaluate(_ expression: Jinja.Expression) throws(TemplateError) -> Value {
    switch expression {
    case .literal(let literal): return value(literal)
    case .name(let name): return scope.lookUp(name) ?? undefined("'\(program.names[name])' is undefined")
    case .blockText: return blockText.last.map(Value.string) ?? .none
    default: return try nested { () throws(TemplateError) in try evaluateNested(expression) }
    }
  }

  private func value(_ literal: Jinja.Literal) -> Value {
    switch literal {
    case .none: .none
    case .bool(let value): .bool(value)
    case .integer(let value): .integer(value)
    case .float(let value): .float(value)
    case .string(let bytes): .string(Text(bytes))
    }
  }

  private func evaluateNested(_ expression: Jinja.Expression) throws(TemplateError) -> Value {
    switch expression {
    case .postfix(let base, let operations): return try evaluate(base, operations)
    case .compare(let first, let rest): return try compare(first, rest)
    case .or(let operands): return try firstOperand(operands, thatIs: true)
    case .and(let operands): return try firstOperand(operands, thatIs: false)
    case .not(let operand): return .bool(!(try evaluate(operand).isTrue))
    case .binary(let first, let rest):
      var result = try evaluate(first)
      for (operation, operand) in rest { result = try apply(operation, result, try evaluate(operand)) }
      return result
    case .concatenate(let operands): return try concatenate(operands)
    case .conditional(let test, let then, let otherwise, let line):
      if try evaluate(test).isTrue { return try evaluate(then) }
      if let otherwise { return try evaluate(otherwise) }
      return undefined("the 'if' without 'else' on line \(line) was false, so its value is undefined")
    case .negate(let operand): return try negate(try evaluate(operand))
    case .plus(let operand):
      let value = try evaluate(operand)
      guard let number = value.number else { throw wrongOperand("+", value) }
      return number.value
    case .list(let items): return .list(try list(try evaluate(items)))
    case .tuple(let items): return .tuple(try list(try evaluate(items)))
    case .dictionary(let entries): return try dictionary(entries)
    case .literal, .name, .blockText: return try evaluate(expression)
    }
  }

  func evaluate(_ expressions: [Jinja.Expression]) throws(TemplateError) -> [Value] {
    var values: [Value] = []
    values.reserveCapacity(expressions.count)
    for expression in expressions { values.append(try evaluate(expression)) }
    return values
  }

  /// Python's `or` and `and`: the first operand with that truth value, else the last.
  private func firstOperand(_ operands: [Jinja.Expression], thatIs truth: Bool) throws(TemplateError) -> Value
  {
    var result = Value.none
    for operand in operands {
      result = try evaluate(operand)
      if result.isTrue == truth { break }
    }
    return result
  }

  private func concatenate(_ operands: [Jinja.Expression]) throws(TemplateError) -> Value {
    var bytes: [UInt8] = []
    for operand in operands {
      let part = try text(try evaluate(operand)).bytes
      try reserve(bytes.count + part.count)
      bytes += part
    }
    return .string(try string(bytes))
  }

  private func dictionary(
    _ entries: [(key: Jinja.Expression, value: Jinja.Expression)]
  ) throws(TemplateError) -> Value {
    let mapping = try mapping(count: entries.count)
    for entry in entries {
      let key = try evaluate(entry.key)
      try set(try self.key(key), key, to: try evaluate(entry.value), in: mapping)
    }
    return .mapping(mapping)
  }

  func set(_ key: Jinja.Key, _ name: Value, to value: Value, in mapping: Jinja.Mapping) throws(TemplateError)
  {
    guard max(value.depth, name.depth) < Jinja.Limits.valueNesting else { throw tooDeep() }
    mapping.set(key, name, value)
  }

  /// A value as a mapping key.
  func key(_ value: Value) throws(TemplateError) -> Jinja.Key {
    guard let key = Jinja.Key(value) else {
      throw failure(.type, "a value of type \(value.typeName) cannot be a key")
    }
    return key
  }

  // MARK: attributes, items, calls, filters and tests

  private func evaluate(_ base: Jinja.Expression, _ operations: [Jinja.Postfix]) throws(TemplateError)
    -> Value
  {
    var result = try evaluate(base)
    for operation in operations {
      switch operation {
      case .attribute(let name, let line):
        self.line = line
        result = try attribute(name, of: result)
      case .item(let index, let line):
        let index = try evaluate(index)
        self.line = line
        result = try item(index, of: result)
      case .slice(let start, let stop, let step, let line):
        let bounds = (try bound(start), try bound(stop), try bound(step))
        self.line = line
        result = try slice(result, bounds)
      case .call(let arguments, let line):
        let values = try evaluate(arguments)
        self.line = line
        result = try call(result, values)
      case .filter(let name, let arguments, let line):
        let values = try evaluate(arguments)
        self.line = line
        result = try filter(name, result, values)
      case .test(let name, let arguments, let negated, let line):
        let values = try evaluate(arguments)
        self.line = line
        result = .bool(try test(name, result, values) != negated)
      }
    }
    return result
  }

  private func bound(_ expression: Jinja.Expression?) throws(TemplateError) -> Int? {
    guard let expression else { return nil }
    switch try evaluate(expression) {
    case .none: return nil
    case .integer(let value): return value
    case .bool(let value): return value ? 1 : 0
    case let other:
      throw failure(.type, "a slice needs integers, not a value of type \(other.typeName)")
    }
  }

  func evaluate(_ arguments: Jinja.Arguments) throws(TemplateError) -> Jinja.CallArguments {
    var result = Jinja.CallArguments(positional: try evaluate(arguments.positional))
    for (name, expression) in arguments.keywords { result.keywords.append((name, try evaluate(expression))) }
    if let spread = arguments.spreadList { result.positional += try elements(of: try evaluate(spread)) }
    if let spread = arguments.spreadMapping {
      guard case .mapping(let mapping) = try evaluate(spread) else {
        throw failure(.type, "'**' needs a mapping")
      }
      for (key, value) in zip(mapping.keys, mapping.values) {
        guard case .string(let name) = key else { throw failure(.type, "'**' needs keys that are strings") }
        result.keywords.append((name.string, value))
      }
    }
    return result
  }
}
