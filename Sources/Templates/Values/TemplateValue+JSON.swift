import Basics

extension Jinja.Interpreter {
  typealias Value = Jinja.Value
  typealias Text = Jinja.Text

  /// A JSON value as a template value.
  func value(_ json: JSON, depth: Int = 0) throws(TemplateError) -> Value {
    guard depth < Jinja.Limits.valueNesting else { throw tooDeep() }
    switch json {
    case .null: return .none
    case .bool(let value): return .bool(value)
    case .integer(let value): return .integer(value)
    case .number(let value): return .float(value)
    case .string(let text): return .string(try string(Array(text.utf8)))
    case .array(let elements):
      var items: [Value] = []
      items.reserveCapacity(elements.count)
      for element in elements { items.append(try value(element, depth: depth + 1)) }
      return .list(try list(items))
    case .object(let object):
      let mapping = try mapping(count: object.count)
      for (key, element) in object {
        let name = Text(key)
        mapping.set(.text(name), .string(name), try value(element, depth: depth + 1))
      }
      return .mapping(mapping)
    }
  }
}

extension Jinja {
  /// Python's `json.dumps` with the arguments of `tojson`.
  struct JSONWriter {
    let interpreter: Interpreter
    var indent: [UInt8]?
    var itemSeparator: [UInt8] = Array(", ".utf8)
    var keySeparator: [UInt8] = Array(": ".utf8)
    var ensureASCII = false
    var sortKeys = false
    private(set) var bytes: [UInt8] = []

    init(interpreter: Interpreter) { self.interpreter = interpreter }

    mutating func write(_ value: Value, depth: Int = 0) throws(TemplateError) {
      try interpreter.step()
      guard depth <= Limits.valueNesting else { throw interpreter.tooDeep() }
      guard bytes.count <= Limits.stringBytes else { throw interpreter.tooLong() }
      switch value {
      case .none: add("null")
      case .bool(let value): add(value ? "true" : "false")
      case .integer(let value): add(String(value))
      case .float(let value): add(PythonFloat.json(value))
      case .string(let text): quote(text)
      case .list(let list), .tuple(let list):
        try container(count: list.items.count, "[", "]", depth) { (writer, index) throws(TemplateError) in
          try writer.write(list.items[index], depth: depth + 1)
        }
      case .mapping(let mapping): try write(mapping, depth)
      default:
        throw interpreter.failure(.type, "a value of type \(value.typeName) cannot be written as JSON")
      }
    }

    private mutating func add(_ text: String) { bytes.append(contentsOf: text.utf8) }

    private mutating func container(
      count: Int, _ open: String, _ close: String, _ depth: Int,
      _ element: (inout JSONWriter, Int) throws(TemplateError) -> Void
    ) throws(TemplateError) {
      add(open)
      for index in 0..<count {
        if index > 0 { bytes += itemSeparator }
        newline(depth + 1)
        try element(&self, index)
      }
      if count > 0 { newline(depth) }
      add(close)
    }

    private mutating func newline(_ depth: Int) {
      guard let indent else { return }
      bytes.append(UInt8(ascii: "\n"))
      for _ in 0..<depth { bytes += indent }
    }

    private mutating func write(_ mapping: Mapping, _ depth: Int) throws(TemplateError) {
      var entries: [(key: Text, value: Value)] = []
      for (key, value) in zip(mapping.keys, mapping.values) { entries.append((try name(of: key), value)) }
      if sortKeys { entries.sort { $0.key < $1.key } }
      try container(count: entries.count, "{", "}", depth) { (writer, index) throws(TemplateError) in
        writer.quote(entries[index].key)
        writer.bytes += writer.keySeparator
        try writer.write(entries[index].value, depth: depth + 1)
      }
    }

    private func name(of key: Value) throws(TemplateError) -> Text {
      switch key {
      case .string(let text): return text
      case .none: return Text("null" as StaticString)
      case .bool(let value): return Text(value ? "true" : "false")
      case .integer(let value): return Text(String(value))
      case .float(let value): return Text(PythonFloat.json(value))
      default: throw interpreter.failure(.type, "a key of type \(key.typeName) cannot be written as JSON")
      }
    }

    private mutating func quote(_ text: Text) {
      bytes.append(UInt8(ascii: "\""))
      if ensureASCII, !text.isASCII {
        for unit in text.string.utf16 { escape(unit) }
      } else {
        for byte in text.bytes { escape(byte) }
      }
      bytes.append(UInt8(ascii: "\""))
    }

    private mutating func escape(_ byte: UInt8) {
      switch byte {
      case UInt8(ascii: "\""): add("\\\"")
      case UInt8(ascii: "\\"): add("\\\\")
      case 0x0a: add("\\n")
      case 0x0d: add("\\r")
      case 0x09: add("\\t")
      case 0x08: add("\\b")
      case 0x0c: add("\\f")
      case ..<0x20: add("\\u" + ReprWriter.hexadecimal(UInt32(byte), 4))
      default: bytes.append(byte)
      }
    }

    private mutating func escape(_ unit: UInt16) {
      if unit < 0x80 { escape(UInt8(unit)) } else { add("\\u" + ReprWriter.hexadecimal(UInt32(unit), 4)) }
    }
  }
}
