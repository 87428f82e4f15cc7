// Python's formatting with an operator: `'%s' % value`.
extension Jinja.Interpreter {
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
      throw failure(.type, "'%' got more values than the format has fields")
    }
    let text = try string(bytes)
    return format.isMarkup ? text.asMarkup : text
  }

  /// The values for a format's fields, in order.
  private struct FormatValues {
    private let items: [Value]
    private let mapping: Jinja.Mapping?
    /// Python does not report an unused value that supports indexing, such as a list.
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
        throw interpreter.failure(.type, "'%' got fewer values than the format has fields")
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
    guard let end = rest.firstIndex(of: ")") else { throw failure(.value, "'%(' in a format is not closed") }
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
    guard let conversion = rest.popFirst() else {
      throw failure(.value, "incomplete '%' at the end of a format")
    }
    specification.conversion = conversion
    return specification
  }

  private func formatNumber(
    _ rest: inout ArraySlice<Unicode.Scalar>, _ source: inout FormatValues
  ) throws(TemplateError) -> Int? {
    if rest.first == "*" {
      rest.removeFirst()
      let number = try integer(try source.next(self), of: "%")
      guard (0...100_000).contains(number) else {
        throw failure(.limit, "the width \(number) in a format is too large")
      }
      return number
    }
    guard let number = Jinja.FormatSpecification.number(&rest) else {
      throw failure(.limit, "the width in a format is above 100000")
    }
    return number
  }

  /// A value formatted with one of the conversions of `%`.
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

  func cut(_ text: Text, _ precision: Int?) -> String {
    precision.map { Text(text.scalars.prefix($0)).string } ?? text.string
  }
}
