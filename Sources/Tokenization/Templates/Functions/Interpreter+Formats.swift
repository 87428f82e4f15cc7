// Python's two ways to put values into a text: `'%s' % value` and `'{}'.format(value)`.
extension Jinja.Interpreter {
  // MARK: the % operator

  /// `format % value`.
  func format(_ format: Text, _ value: Value) throws(TemplateError) -> Text {
    var source = FormatValues(value)
    var bytes: [UInt8] = []
    var rest = format.scalars[...]
    while let scalar = rest.popFirst() {
      if scalar != "%" {
        bytes += UTF8.encodeScalar(scalar)
      } else if rest.first == "%" {
        rest.removeFirst()
        bytes.append(UInt8(ascii: "%"))
      } else {
        let key = try formatKey(&rest)
        let specification = try percentSpecification(&rest, &source)
        let item: Value
        if let key {
          item = try source.value(of: key, self)
        } else {
          item = try source.next(self)
        }
        let isMarkup = format.isMarkup
        let part = try printed(item, specification)
        bytes += isMarkup ? try escaped(Text(part)).bytes : Array(part.utf8)
        try reserve(bytes.count)
      }
    }
    guard source.isUsedUp else {
      throw failure(.type, "'%' got more values than its format has places")
    }
    let text = try string(bytes)
    return format.isMarkup ? text.asMarkup : text
  }

  /// The values that the places of a format take in turn.
  private struct FormatValues {
    private let items: [Value]
    private let mapping: Jinja.Mapping?
    /// Python lets a value that can be indexed, such as a list, go unused.
    private let mayGoUnused: Bool
    private var used = 0

    init(_ value: Value) {
      if case .mapping(let mapping) = value { self.mapping = mapping } else { mapping = nil }
      switch value {
      case .mapping, .list, .range, .undefined: mayGoUnused = true
      default: mayGoUnused = false
      }
      if case .tuple(let list) = value { items = list.items } else { items = [value] }
    }

    var isUsedUp: Bool { used >= items.count || mayGoUnused }

    mutating func next(_ interpreter: Jinja.Interpreter) throws(TemplateError) -> Value {
      guard used < items.count else {
        throw interpreter.failure(.type, "'%' got fewer values than its format has places")
      }
      used += 1
      return items[used - 1]
    }

    mutating func value(of key: Text, _ interpreter: Jinja.Interpreter) throws(TemplateError) -> Value {
      guard let mapping else { throw interpreter.failure(.type, "'%(name)' needs a mapping") }
      guard let value = mapping[.text(key)] else {
        throw interpreter.failure(.value, "the format's name '\(key.string)' is not in the mapping")
      }
      return value
    }
  }

  /// The name in `%(name)s`.
  private func formatKey(_ rest: inout ArraySlice<Unicode.Scalar>) throws(TemplateError) -> Text? {
    guard rest.first == "(" else { return nil }
    guard let end = rest.firstIndex(of: ")") else { throw failure(.value, "a '%(' is never closed") }
    let key = Text(rest[(rest.startIndex + 1)..<end])
    rest = rest[(end + 1)...]
    return key
  }

  private func percentSpecification(
    _ rest: inout ArraySlice<Unicode.Scalar>, _ source: inout FormatValues
  ) throws(TemplateError) -> Jinja.FormatSpecification {
    var specification = Jinja.FormatSpecification()
    specification.alignment = ">"
    flags: while let flag = rest.first {
      switch flag {
      case "-": specification.alignment = "<"
      case "0":
        if specification.alignment != "<" { (specification.fill, specification.alignment) = ("0", "=") }
      case "+": specification.sign = "+"
      case " ": if specification.sign != "+" { specification.sign = " " }
      case "#": specification.isAlternate = true
      default: break flags
      }
      rest.removeFirst()
    }
    specification.width = try formatNumber(&rest, &source) ?? 0
    if rest.first == "." {
      rest.removeFirst()
      specification.precision = try formatNumber(&rest, &source) ?? 0
    }
    while let modifier = rest.first, modifier == "l" || modifier == "h" || modifier == "L" {
      rest.removeFirst()
    }
    guard let conversion = rest.popFirst() else { throw failure(.value, "a format ends within a '%'") }
    specification.conversion = conversion
    return specification
  }

  private func formatNumber(
    _ rest: inout ArraySlice<Unicode.Scalar>, _ source: inout FormatValues
  ) throws(TemplateError) -> Int? {
    if rest.first == "*" {
      rest.removeFirst()
      let number = try integer(try source.next(self), of: "%")
      guard (0...100_000).contains(number) else { throw failure(.limit, "a width of \(number) in a format") }
      return number
    }
    guard let number = Jinja.FormatSpecification.number(&rest) else {
      throw failure(.limit, "a format's width above 100000")
    }
    return number
  }

  /// A value in one of the conversions of `%`.
  private func printed(_ value: Value, _ specification: Jinja.FormatSpecification) throws(TemplateError)
    -> String
  {
    var specification = specification
    switch specification.conversion {
    case "s", "r", "a":
      let text = specification.conversion == "s" ? try text(value) : try representation(value)
      if specification.fill == "0" { (specification.fill, specification.alignment) = (" ", ">") }
      return specification.padded(cut(text, specification.precision), isNumber: false)
    case "c":
      if case .string(let text) = value, text.count == 1 {
        return specification.padded(text.string, isNumber: false)
      }
      fallthrough
    case "d", "i", "u", "x", "X", "o":
      guard let number = value.number else { break }
      if case .float = number, !["d", "i", "u"].contains(specification.conversion) { break }
      guard let whole = Int(exactly: number.double.rounded(.towardZero)) else { break }
      let exact: Int = if case .integer(let value) = number { value } else { whole }
      guard let text = specification.printed(exact) else { break }
      return specification.padded(text, isNumber: true)
    case "e", "E", "f", "F", "g", "G":
      guard let number = value.number, let text = specification.printed(number.double) else { break }
      return specification.padded(text, isNumber: true)
    default: break
    }
    throw failure(
      .type,
      "'%\(specification.conversion.map(String.init) ?? "")' cannot print a value of type \(value.typeName)")
  }

  private func cut(_ text: Text, _ precision: Int?) -> String {
    precision.map { Text(text.scalars.prefix($0)).string } ?? text.string
  }

  // MARK: str.format

  /// `text.format(arguments)`.
  func braceFormat(_ text: Text, _ arguments: CallArguments, depth: Int = 0) throws(TemplateError) -> Text {
    var next = 0
    return try braceFormat(text, arguments, &next, depth)
  }

  private func braceFormat(
    _ text: Text, _ arguments: CallArguments, _ next: inout Int, _ depth: Int
  ) throws(TemplateError) -> Text {
    guard depth < 2 else { throw failure(.value, "a format with places too deep inside one another") }
    var bytes: [UInt8] = []
    var rest = text.scalars[...]
    while let scalar = rest.popFirst() {
      if scalar == "{" || scalar == "}", rest.first == scalar {
        rest.removeFirst()
        bytes += UTF8.encodeScalar(scalar)
      } else if scalar == "{" {
        guard let field = field(&rest) else { throw failure(.value, "a '{' in a format is never closed") }
        let part = try replacement(field, arguments, &next, depth).bytes
        bytes += text.isMarkup ? try escaped(Text(part)).bytes : part
        try reserve(bytes.count)
      } else if scalar == "}" {
        throw failure(.value, "a '}' in a format closes nothing")
      } else {
        bytes += UTF8.encodeScalar(scalar)
      }
    }
    return try string(bytes)
  }

  /// The text up to the brace that closes this one.
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
      case let mark: throw failure(.value, "a format knows no conversion '\(mark)'")
      }
    }
    guard parts.count > 1, !parts[1].isEmpty else { return try text(value) }
    let plain = try braceFormat(parts[1], arguments, &next, depth + 1)
    guard let specification = Jinja.FormatSpecification(plain) else {
      throw failure(.value, "'\(plain.string)' is no format")
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
    throw failure(.type, "a value of type \(value.typeName) does not take this format")
  }

  /// The value that a place's name (`0.role[1]`) stands for; without a name the next one.
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
          .value, "a format has a place for value \(index), but there are \(arguments.positional.count)")
      }
      value = arguments.positional[index]
    } else {
      guard let named = arguments.keywords.last(where: { Text($0.name) == head }) else {
        throw failure(.value, "a format's name '\(head.string)' was not given")
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
