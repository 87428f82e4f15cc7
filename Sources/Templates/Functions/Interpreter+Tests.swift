// Filters that select elements, and the tests (`is`) that they use.
extension Jinja.Interpreter {
  /// `map`, `select`, `reject`, `selectattr` and `rejectattr`; nil for another name.
  func selectingFilter(_ name: String, _ value: Value, _ arguments: CallArguments) throws(TemplateError)
    -> Value?
  {
    switch name {
    // As in jinja2, an empty value of any type gives an empty result.
    case "map" where !value.isTrue, "select" where !value.isTrue, "reject" where !value.isTrue,
      "selectattr" where !value.isTrue, "rejectattr" where !value.isTrue:
      return try iterator([])
    case "map": return try mapped(value, arguments)
    case "select", "reject": return try selected(value, arguments, by: nil, keeps: name == "select")
    case "selectattr", "rejectattr":
      guard let attribute = arguments.positional.first else {
        throw failure(.type, "'\(name)' needs the name of an attribute")
      }
      var rest = arguments
      rest.positional.removeFirst()
      return try selected(value, rest, by: attribute, keeps: name == "selectattr")
    default: return nil
    }
  }

  private func mapped(_ value: Value, _ arguments: CallArguments) throws(TemplateError) -> Value {
    var items: [Value] = []
    if let name = arguments.positional.first {
      let name: String = try textArgument(name, of: "map")
      var rest = arguments
      rest.positional.removeFirst()
      for item in try elements(of: value) {
        items.append(try nested { () throws(TemplateError) in try filter(name, item, rest) })
      }
    } else {
      let values = try bind(arguments, ["attribute", "default"], of: "map")
      guard values[0] != nil else { throw failure(.type, "'map' needs the name of a filter or an attribute") }
      let attribute = try attributeGetter(values[0], or: values[1])
      for item in try elements(of: value) { items.append(try attribute(item)) }
    }
    return try iterator(items)
  }

  private func selected(
    _ value: Value, _ arguments: CallArguments, by attribute: Value?, keeps wanted: Bool
  ) throws(TemplateError) -> Value {
    let getter = try attributeGetter(attribute)
    var rest = arguments
    let name: String? =
      try rest.positional.isEmpty ? nil : textArgument(rest.positional.removeFirst(), of: "select")
    var items: [Value] = []
    for item in try elements(of: value) {
      try step()
      let subject = try getter(item)
      let holds: Bool
      if let name { holds = try test(name, subject, rest) } else { holds = subject.isTrue }
      if holds == wanted { items.append(item) }
    }
    return try iterator(items)
  }

  // MARK: tests

  /// `value is name(arguments)`.
  func test(_ name: String, _ value: Value, _ arguments: CallArguments) throws(TemplateError) -> Bool {
    if let comparison = Self.comparisons[name] {
      let other = try bind(arguments, ["other"], of: name, needs: 1)[0] ?? .none
      return try holds(comparison, value, other)
    }
    switch name {
    case "defined": return !value.isUndefined
    case "undefined": return value.isUndefined
    case "none": return value.isNone
    case "true": if case .bool(true) = value { return true }
    case "false": if case .bool(false) = value { return true }
    case "boolean": if case .bool = value { return true }
    case "string": if case .string = value { return true }
    case "mapping": if case .mapping = value { return true }
    case "integer": if case .integer = value { return true }
    case "float": if case .float = value { return true }
    case "number": return value.number != nil
    case "iterable": return isIterable(value)
    case "sequence": return isSequence(value)
    case "callable": return isCallable(value)
    case "escaped": if case .string(let text) = value { return text.isMarkup }
    case "lower": return try text(value).satisfies("islower")
    case "upper": return try text(value).satisfies("isupper")
    case "odd", "even", "divisibleby":
      let divisor =
        name == "divisibleby" ? try bind(arguments, ["num"], of: name, needs: 1)[0] ?? .none : .integer(2)
      let rest = try apply(.modulo, value, divisor)
      return rest.equals(.integer(name == "odd" ? 1 : 0))
    case "sameas":
      return isSame(value, try bind(arguments, ["other"], of: name, needs: 1)[0] ?? .none)
    case "filter":
      let name: String = try textArgument(value, of: name)
      return isKnown { () throws(TemplateError) in _ = try filter(name, undefined(""), CallArguments()) }
    case "test":
      let name: String = try textArgument(value, of: name)
      return isKnown { () throws(TemplateError) in _ = try test(name, undefined(""), CallArguments()) }
    default: throw failure(.unsupported, "unknown test '\(name)'")
    }
    return false
  }

  private static let comparisons: [String: Jinja.Comparison] = [
    "eq": .equal, "equalto": .equal, "==": .equal, "ne": .notEqual, "!=": .notEqual, "lt": .less,
    "lessthan": .less, "<": .less, "le": .lessOrEqual, "<=": .lessOrEqual, "gt": .greater,
    "greaterthan": .greater, ">": .greater, "ge": .greaterOrEqual, ">=": .greaterOrEqual, "in": .isIn,
  ]

  private func isIterable(_ value: Value) -> Bool {
    switch value {
    case .undefined, .string, .list, .tuple, .mapping, .range, .view, .iterator, .loop: true
    default: false
    }
  }

  private func isSequence(_ value: Value) -> Bool {
    switch value {
    case .undefined, .string, .list, .tuple, .mapping, .range: true
    default: false
    }
  }

  private func isCallable(_ value: Value) -> Bool {
    switch value {
    case .undefined, .macro, .builtin, .method, .loop: true
    default: false
    }
  }

  private func isSame(_ left: Value, _ right: Value) -> Bool {
    switch (left, right) {
    case (.list(let left), .list(let right)), (.tuple(let left), .tuple(let right)): left === right
    case (.mapping(let left), .mapping(let right)): left === right
    case (.bool(let left), .bool(let right)): left == right
    case (.integer(let left), .integer(let right)): left == right
    case (.bool, _), (_, .bool), (.float, .integer), (.integer, .float): false
    default: left.equals(right)
    }
  }

  /// Whether a trial call does not fail because of an unknown name.
  private func isKnown(_ trial: () throws(TemplateError) -> Void) -> Bool {
    do {
      try trial()
    } catch {
      return error.kind != .unsupported
    }
    return true
  }
}
