extension Jinja {
  /// A macro and the scope in which it was defined.
  final class Macro {
    let definition: MacroDefinition
    let scope: Scope

    init(_ definition: MacroDefinition, scope: Scope) {
      self.definition = definition
      self.scope = scope
    }
  }
}

extension Jinja.Builtin {
  /// The global functions by name.
  static var globals: [(String, Jinja.Builtin)] {
    [
      ("range", .range), ("dict", .dictionary), ("namespace", .namespace), ("cycler", .makeCycler),
      ("joiner", .makeJoiner), ("raise_exception", .raiseException), ("strftime_now", .strftimeNow),
    ]
  }
}

// Calls.
extension Jinja.Interpreter {
  typealias CallArguments = Jinja.CallArguments

  func call(_ function: Value, _ arguments: CallArguments) throws(TemplateError) -> Value {
    switch function {
    case .undefined(let reason): throw undefinedUse(reason)
    case .macro(let macro):
      return .string(try nested { () throws(TemplateError) in try call(macro, arguments) })
    case .builtin(let builtin): return try call(builtin, arguments)
    case .method(let method): return try call(method, arguments)
    case .loop(let loop):
      return try recurse(loop, over: try bind(arguments, ["iterable"], of: "loop", needs: 1)[0] ?? .none)
    default: throw failure(.type, "a value of type \(function.typeName) cannot be called")
    }
  }

  /// The arguments in the order of `names`; the first `needs` of them are required.
  func bind(
    _ arguments: CallArguments, _ names: [String], of function: String, needs: Int = 0
  ) throws(TemplateError) -> [Value?] {
    guard arguments.positional.count <= names.count else {
      throw failure(.type, "'\(function)' takes at most \(names.count) arguments")
    }
    var values: [Value?] = arguments.positional
    while values.count < names.count { values.append(nil) }
    for (name, value) in arguments.keywords {
      guard let index = names.firstIndex(of: name) else {
        throw failure(.type, "'\(function)' takes no argument '\(name)'")
      }
      guard values[index] == nil else { throw failure(.type, "'\(function)' got '\(name)' twice") }
      values[index] = value
    }
    for index in 0..<needs where values[index] == nil {
      throw failure(.type, "'\(function)' needs the argument '\(names[index])'")
    }
    return values
  }

  // MARK: macros

  private func call(_ macro: Jinja.Macro, _ arguments: CallArguments) throws(TemplateError) -> Text {
    let definition = macro.definition
    let scope = Jinja.Scope(parent: macro.scope)
    var keywords = arguments.keywords
    func take(_ name: String) -> Value? {
      guard let index = keywords.firstIndex(where: { $0.name == name }) else { return nil }
      return keywords.remove(at: index).value
    }
    let parameters = definition.signature.parameters
    let positional = arguments.positional
    var absent: [Int] = []
    for (index, parameter) in parameters.enumerated() {
      let value = index < positional.count ? positional[index] : take(parameter.text)
      if let value { scope.values[parameter.name] = value } else { absent.append(index) }
    }
    let hasCaller = parameters.contains { $0.text == "caller" }
    if definition.usesCaller, !hasCaller, let name = program.ids["caller"] {
      scope.values[name] = take("caller") ?? undefined("the macro was not called by a call block")
    }
    if definition.usesKeywords, let name = program.ids["kwargs"] {
      let mapping = try mapping(count: keywords.count)
      for (key, value) in keywords {
        try set(.text(Text(key)), .string(Text(key)), to: value, in: mapping)
      }
      scope.values[name] = .mapping(mapping)
    } else if let extra = keywords.first {
      throw failure(.type, "the macro '\(definition.name)' takes no argument '\(extra.name)'")
    }
    if definition.usesVariadics, let name = program.ids["varargs"] {
      scope.values[name] = .tuple(try list(Array(positional.dropFirst(parameters.count))))
    } else if positional.count > parameters.count {
      throw failure(.type, "the macro '\(definition.name)' takes at most \(parameters.count) arguments")
    }
    return try run(macro, in: scope, absent)
  }

  private func run(_ macro: Jinja.Macro, in scope: Jinja.Scope, _ absent: [Int]) throws(TemplateError) -> Text
  {
    let (outer, callLine) = (self.scope, line)
    self.scope = scope
    defer {
      self.scope = outer
      line = callLine
    }
    let signature = macro.definition.signature
    let firstDefault = signature.parameters.count - signature.defaults.count
    for index in absent {
      let parameter = signature.parameters[index]
      scope.values[parameter.name] =
        index >= firstDefault
        ? try evaluate(signature.defaults[index - firstDefault])
        : undefined("the macro's parameter '\(parameter.text)' was not given")
    }
    return try capture { () throws(TemplateError) in _ = try self.run(macro.definition.body) }
  }

  // MARK: functions

  private func call(_ builtin: Jinja.Builtin, _ arguments: CallArguments) throws(TemplateError) -> Value {
    switch builtin {
    case .range: return .range(try range(arguments))
    case .dictionary: return .mapping(try dictionary(arguments, of: "dict"))
    case .namespace:
      let namespace = Jinja.Namespace()
      try track(namespace)
      let mapping = try dictionary(arguments, of: "namespace")
      for (key, value) in zip(mapping.keys, mapping.values) {
        try set(try text(key).string, to: value, on: namespace)
      }
      return .namespace(namespace)
    case .raiseException:
      let message = try bind(arguments, ["message"], of: "raise_exception", needs: 1)[0] ?? .none
      throw failure(.raised, try text(message).string)
    case .strftimeNow:
      let format = try bind(arguments, ["format"], of: "strftime_now", needs: 1)
      return .string(try string(Array(clock.formatted(try textArgument(format[0], of: "strftime_now")).utf8)))
    case .makeCycler:
      guard !arguments.positional.isEmpty else { throw failure(.type, "'cycler' needs at least one value") }
      let depth = try depth(of: arguments.positional)
      return .builtin(.cycler(Jinja.Cycler(arguments.positional, depth: depth)))
    case .makeJoiner:
      let separator = try bind(arguments, ["sep"], of: "joiner")[0]
      return .builtin(.joiner(Jinja.Joiner(try text(separator ?? .string(Text(", " as StaticString))))))
    case .joiner(let joiner):
      defer { joiner.isUsed = true }
      return .string(joiner.isUsed ? joiner.separator : Text("" as StaticString))
    case .cycler: throw failure(.type, "a cycler cannot be called; use its 'next' method")
    }
  }

  private func range(_ arguments: CallArguments) throws(TemplateError) -> Jinja.NumberRange {
    let values = arguments.positional
    guard (1...3).contains(values.count), arguments.keywords.isEmpty else {
      throw failure(.type, "'range' takes one to three integers")
    }
    var numbers: [Int] = []
    for value in values {
      guard case .integer(let number)? = value.number else {
        if case .undefined(let reason) = value { throw undefinedUse(reason) }
        throw failure(.type, "'range' takes integers, not a value of type \(value.typeName)")
      }
      // Python's integers are unbounded; here the differences between bounds must not overflow.
      guard number.magnitude < 1 << 62 else { throw failure(.value, "the bounds of a range are too large") }
      numbers.append(number)
    }
    let step = numbers.count > 2 ? numbers[2] : 1
    guard step != 0 else { throw failure(.value, "a range's step cannot be zero") }
    let (start, stop) = numbers.count > 1 ? (numbers[0], numbers[1]) : (0, numbers[0])
    let range = Jinja.NumberRange(start: start, stop: stop, step: step)
    guard range.count <= Jinja.Limits.rangeItems else {
      throw failure(.limit, "a range of more than \(Jinja.Limits.rangeItems) numbers")
    }
    return range
  }

  /// The mapping that `dict(...)` returns for these arguments.
  private func dictionary(_ arguments: CallArguments, of function: String) throws(TemplateError)
    -> Jinja.Mapping
  {
    let result = try mapping(count: arguments.keywords.count)
    guard arguments.positional.count <= 1 else {
      throw failure(.type, "'\(function)' takes one value and keywords")
    }
    if let source = arguments.positional.first { try update(result, from: source) }
    for (name, value) in arguments.keywords {
      try set(.text(Text(name)), .string(Text(name)), to: value, in: result)
    }
    return result
  }

  /// Sets entries from a mapping or from a list of pairs.
  func update(_ mapping: Jinja.Mapping, from source: Value) throws(TemplateError) {
    if case .mapping(let other) = source {
      for (key, value) in zip(other.keys, other.values) {
        try set(try self.key(key), key, to: value, in: mapping)
      }
      return
    }
    for pair in try elements(of: source) {
      let parts = try elements(of: pair)
      guard parts.count == 2 else { throw failure(.value, "a mapping needs a list of pairs") }
      try set(try key(parts[0]), parts[0], to: parts[1], in: mapping)
    }
  }
}
