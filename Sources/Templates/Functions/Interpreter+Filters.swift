// Filters: common ones here; those for texts, numbers and sequences in files of their own.
extension Jinja.Interpreter {
  /// Lazy filters, which report errors only when their elements are used.
  private static let lazyFilters: Set<String> = [
    "items", "map", "select", "reject", "selectattr", "rejectattr", "unique", "batch", "slice",
  ]

  /// `value | name(arguments)`.
  func filter(_ name: String, _ value: Value, _ arguments: CallArguments) throws(TemplateError) -> Value {
    guard Self.lazyFilters.contains(name) else { return try eagerFilter(name, value, arguments) }
    do {
      return try eagerFilter(name, value, arguments)
    } catch {
      if error.kind == .limit { throw error }
      return .iterator(Jinja.Generator(failing: error))
    }
  }

  private func eagerFilter(
    _ name: String, _ value: Value, _ arguments: CallArguments
  ) throws(TemplateError) -> Value {
    switch name {
    case "default", "d":
      let values = try bind(arguments, ["default_value", "boolean"], of: name)
      let isMissing = value.isUndefined || (isTrue(values[1]) && !value.isTrue)
      return isMissing ? values[0] ?? .string(Text("" as StaticString)) : value
    case "tojson": return .string(try json(value, arguments))
    case "length", "count":
      guard let count = count(value) else {
        throw failure(.type, "a value of type \(value.typeName) has no length")
      }
      return .integer(count)
    case "attr":
      let name: String = try textArgument(try bind(arguments, ["name"], of: name, needs: 1)[0], of: name)
      if case .mapping = value, !Jinja.mappingMethods.contains(name) {
        return undefined("no attribute '\(name)'")
      }
      return try attribute(name, of: value)
    case "items":
      guard case .mapping(let mapping) = value else {
        if value.isUndefined { return try iterator([]) }
        throw failure(.type, "'items' needs a mapping, not a value of type \(value.typeName)")
      }
      return try iterator(try elements(of: .view(Jinja.View(kind: .items, mapping: mapping))))
    default: break
    }
    if let result = try textFilter(name, value, arguments) { return result }
    if let result = try numberFilter(name, value, arguments) { return result }
    if let result = try sequenceFilter(name, value, arguments) { return result }
    if let result = try selectingFilter(name, value, arguments) { return result }
    throw failure(.unsupported, "unknown filter '\(name)'")
  }

  /// `tojson`, as transformers defines it: Python's `json.dumps` without ASCII escapes.
  private func json(_ value: Value, _ arguments: CallArguments) throws(TemplateError) -> Text {
    let names = ["ensure_ascii", "indent", "separators", "sort_keys"]
    let values = try bind(arguments, names, of: "tojson")
    var writer = Jinja.JSONWriter(interpreter: self)
    writer.ensureASCII = isTrue(values[0])
    writer.sortKeys = isTrue(values[3])
    switch values[1] {
    case nil, .some(.none): break
    case .string(let text)?: writer.indent = text.bytes
    case let width:
      let count = try integer(width, of: "tojson")
      guard count < 1000 else { throw failure(.limit, "the indent \(count) is too large") }
      writer.indent = Array(repeating: UInt8(ascii: " "), count: max(0, count))
    }
    if writer.indent != nil { writer.itemSeparator = [UInt8(ascii: ",")] }
    if let pair = values[2], !pair.isNone {
      let parts = try elements(of: pair)
      guard parts.count == 2 else { throw failure(.type, "'separators' must be a pair of strings") }
      writer.itemSeparator = try textArgument(parts[0], of: "tojson").bytes
      writer.keySeparator = try textArgument(parts[1], of: "tojson").bytes
    }
    try writer.write(value)
    return try string(writer.bytes)
  }

  /// A function that returns an item's attribute: by name, index, or path with dots; the item itself for nil.
  func attributeGetter(
    _ attribute: Value?, or fallback: Value? = nil
  ) throws(TemplateError) -> (Value) throws(TemplateError) -> Value {
    var parts: [Value] = []
    switch attribute {
    case nil, .some(.none): return { $0 }
    case .string(let path)?:
      for part in path.split(at: Text("." as StaticString)) {
        parts.append(Int(part.string).map(Value.integer) ?? .string(part))
      }
    case let other?: parts = [other]
    }
    return { (item) throws(TemplateError) in
      var result = item
      for part in parts {
        result = try self.item(part, of: result)
        if result.isUndefined, let fallback, !fallback.isNone { result = fallback }
      }
      return result
    }
  }

  /// A string in lower case; other values unchanged. The default comparison of filters.
  func ignoringCase(_ value: Value) -> Value {
    if case .string(let text) = value { .string(text.lowercased) } else { value }
  }
}

extension Jinja.Value {
  var isNone: Bool { if case .none = self { true } else { false } }
}
