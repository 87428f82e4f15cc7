import Basics

// Python's `str` and `repr`.
extension Jinja.Interpreter {
  /// `str(value)`.
  func text(_ value: Jinja.Value) throws(TemplateError) -> Jinja.Text {
    switch value {
    case .string(let text): return text
    case .undefined: return Jinja.Text("" as StaticString)
    default:
      var writer = Jinja.ReprWriter(interpreter: self)
      try writer.write(value, depth: 0)
      return try string(writer.bytes)
    }
  }

  /// `repr(value)`.
  func representation(_ value: Jinja.Value) throws(TemplateError) -> Jinja.Text {
    var writer = Jinja.ReprWriter(interpreter: self)
    try writer.write(value, depth: 0)
    return try string(writer.bytes)
  }
}

extension Jinja {
  /// Writes the `repr` of values, within the limits of size and depth.
  struct ReprWriter {
    let interpreter: Interpreter
    private(set) var bytes: [UInt8] = []

    init(interpreter: Interpreter) { self.interpreter = interpreter }

    private mutating func add(_ text: String) { bytes.append(contentsOf: text.utf8) }

    mutating func write(_ value: Value, depth: Int) throws(TemplateError) {
      try interpreter.step()
      guard depth <= Limits.valueNesting else { throw interpreter.tooDeep() }
      guard bytes.count <= Limits.stringBytes else { throw interpreter.tooLong() }
      switch value {
      case .undefined: add("Undefined")
      case .none: add("None")
      case .bool(let value): add(value ? "True" : "False")
      case .integer(let value): add(String(value))
      case .float(let value): add(PythonFloat.repr(value))
      case .string(let text):
        if text.isMarkup { add("Markup(") }
        quote(text)
        if text.isMarkup { add(")") }
      case .list(let list): try write(list.items, between: "[", "]", depth)
      case .tuple(let list): try write(list.items, between: "(", list.items.count == 1 ? ",)" : ")", depth)
      case .mapping(let mapping): try write(mapping, depth)
      case .range(let range):
        add("range(\(range.start), \(range.stop)" + (range.step == 1 ? ")" : ", \(range.step))"))
      case .view(let view):
        try write(interpreter.elements(of: value), between: view.kind.rawValue + "([", "])", depth)
      case .namespace(let namespace):
        add("<Namespace {")
        for (index, name) in namespace.names.enumerated() {
          if index > 0 { add(", ") }
          quote(Text(name))
          add(": ")
          try write(namespace[name] ?? .none, depth: depth + 1)
        }
        add("}>")
      case .loop(let loop): add("<LoopContext \(loop.index + 1)/\(loop.items.count)>")
      case .macro(let macro): add("<Macro '\(macro.definition.name)'>")
      case .iterator: add("<generator object>")
      case .builtin, .method: add("<function>")
      }
    }

    private mutating func write(
      _ items: [Value], between open: String, _ close: String, _ depth: Int
    ) throws(TemplateError) {
      add(open)
      for (index, item) in items.enumerated() {
        if index > 0 { add(", ") }
        try write(item, depth: depth + 1)
      }
      add(close)
    }

    private mutating func write(_ mapping: Mapping, _ depth: Int) throws(TemplateError) {
      add("{")
      for (index, key) in mapping.keys.enumerated() {
        if index > 0 { add(", ") }
        try write(key, depth: depth + 1)
        add(": ")
        try write(mapping.values[index], depth: depth + 1)
      }
      add("}")
    }

    /// A string quoted as in Python, with unprintable characters escaped.
    private mutating func quote(_ text: Text) {
      let usesDouble = text.bytes.contains(UInt8(ascii: "'")) && !text.bytes.contains(UInt8(ascii: "\""))
      let quote: Unicode.Scalar = usesDouble ? "\"" : "'"
      add(String(quote))
      for scalar in text.string.unicodeScalars {
        switch scalar {
        case quote, "\\": add("\\" + String(scalar))
        case "\n": add("\\n")
        case "\r": add("\\r")
        case "\t": add("\\t")
        case _ where scalar.isPythonPrintable: bytes += UTF8.encodeScalar(scalar)
        case _ where scalar.value < 0x100: add("\\x" + Self.hexadecimal(scalar.value, 2))
        case _ where scalar.value < 0x10000: add("\\u" + Self.hexadecimal(scalar.value, 4))
        default: add("\\U" + Self.hexadecimal(scalar.value, 8))
        }
      }
      add(String(quote))
    }

    static func hexadecimal(_ value: UInt32, _ width: Int) -> String {
      let digits = String(value, radix: 16)
      return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
  }
}

extension Unicode.Scalar {
  /// Python's `str.isprintable` of this code point.
  var isPythonPrintable: Bool {
    if value < 0x7f { return value >= 0x20 }
    switch properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator,
      .spaceSeparator:
      return false
    default: return true
    }
  }
}
