// Python's `str.format`: `'{}'.format(value)`.
extension Jinja.Interpreter {
  /// `text.format(arguments)`.
  func braceFormat(_ text: Text, _ arguments: CallArguments, depth: Int = 0) throws(TemplateError) -> Text {
    var next = 0
    return try braceFormat(text, arguments, &next, depth)
  }

  private func braceFormat(
    _ text: Text, _ arguments: CallArguments, _ next: inout Int, _ depth: Int
  ) throws(TemplateError) -> Text {
    guard depth < 2 else { throw failure(.value, "format fields nested too deeply") }
    var bytes: [UInt8] = []
    var rest = text.scalars[...]
    while let scalar = rest.popFirst() {
      if scalar == "{" || scalar == "}", rest.first == scalar {
        rest.removeFirst()
        bytes += UTF8.encodeScalar(scalar)
      } else if scalar == "{" {
        guard let field = field(&rest) else { throw failure(.value, "'{' in a format is not closed") }
        let part = try replacement(field, arguments, &next, depth).bytes
        bytes += text.isMarkup ? try escaped(Text(part)).bytes : part
        try reserve(bytes.count)
      } else if scalar == "}" {
        throw failure(.value, "unmatched '}' in a format")
      } else {
        bytes += UTF8.encodeScalar(scalar)
      }
    }
    return try string(bytes)
  }

  /// The text up to the closing brace of this field.
  private func field(_ rest: inout ArraySlice<Unicode.Scalar>) -> Text? {
    var open = 1
    for index in rest.indices {
      if rest[index] == "{" { open += 1 }
      if rest[index] == "}" { open -= 1 }
      guard open == 0 else { continue }
      let field = Text(rest[..<index])
      rest = rest[(index + 1)...]
      return field
    }
    return nil
  }

  private func replacement(
    _ field: Text, _ arguments: CallArguments, _ next: inout Int, _ depth: Int
  ) throws(TemplateError) -> Text {
    let parts = field.split(at: Text(":" as StaticString), limit: 1)
    let marks = parts[0].split(at: Text("!" as StaticString), limit: 1)
    var value = try formatted(marks[0], arguments, &next)
    if marks.count > 1 {
      switch marks[1].string {
      case "r", "a": value = .string(try representation(value))
      case "s": value = .string(try text(value))
      case let mark: throw failure(.value, "unknown conversion '\(mark)' in a format")
      }
    }
    guard parts.count > 1, !parts[1].isEmpty else { return try text(value) }
    let plain = try braceFormat(parts[1], arguments, &next, depth + 1)
    guard let specification = Jinja.FormatSpecification(plain) else {
      throw failure(.value, "'\(plain.string)' is not a valid format")
    }
    return try string(Array(try printedByFormat(value, specification).utf8))
  }

  private func printedByFormat(
    _ value: Value, _ specification: Jinja.FormatSpecification
  ) throws(TemplateError) -> String {
    let wantsFloat = specification.conversion.map { "eEfFgG%".unicodeScalars.contains($0) } ?? false
    switch value {
    case .string(let text) where specification.conversion == nil || specification.conversion == "s":
      return specification.padded(cut(text, specification.precision), isNumber: false)
    case .bool, .integer, .float:
      if case .integer(let number)? = value.number, !wantsFloat {
        if case .bool(let value) = value, specification.conversion == nil {
          return specification.padded(value ? "True" : "False", isNumber: true)
        }
        if let text = specification.printed(number) { return specification.padded(text, isNumber: true) }
      } else if let number = value.number, let text = specification.printed(number.double) {
        return specification.padded(text, isNumber: true)
      }
    default: break
    }
    throw failure(.type, "a value of type \(value.typeName) does not support this format")
  }

  /// The value of a field's name (`0.role[1]`); without a name the next argument.
  private func formatted(
    _ name: Text, _ arguments: CallArguments, _ next: inout Int
  ) throws(TemplateError) -> Value {
    var rest = name.scalars[...]
    let head = Text(rest.prefix { $0 != "." && $0 != "[" })
    rest = rest.dropFirst(head.count)
    let index = head.isEmpty ? next : Int(head.string)
    if head.isEmpty { next += 1 }
    var value: Value
    if let index {
      guard arguments.positional.indices.contains(index) else {
        throw failure(
          .value, "a format uses value \(index), but only \(arguments.positional.count) were given")
      }
      value = arguments.positional[index]
    } else {
      guard let named = arguments.keywords.last(where: { Text($0.name) == head }) else {
        throw failure(.value, "no value was given for the name '\(head.string)' in a format")
      }
      value = named.value
    }
    while let mark = rest.popFirst() {
      if mark == "." {
        let part = Text(rest.prefix { $0 != "." && $0 != "[" })
        rest = rest.dropFirst(part.count)
        value = try attribute(part.string, of: value)
      } else {
        let part = Text(rest.prefix { $0 != "]" })
        rest = rest.dropFirst(part.count + 1)
        value = try item(Int(part.string).map(Value.integer) ?? .string(part), of: value)
      }
    }
    return value
  }
}
