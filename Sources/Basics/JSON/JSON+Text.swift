/// The format of JSON text; the names and defaults are those of Python's `json.dumps`.
public struct JSONStyle: Sendable, Equatable {
  /// Spaces per level, with one element per line; nil for a single line.
  public var indent: Int?
  /// The separator of elements; nil for ", " on a single line and "," with an indent, as in Python.
  public var itemSeparator: String?
  /// The separator of key and value.
  public var keySeparator: String
  /// Escapes all non-ASCII characters as \uXXXX.
  public var ensureASCII: Bool
  /// Sorts keys by code points.
  public var sortKeys: Bool

  /// A style; the default is that of `json.dumps`.
  public init(
    indent: Int? = nil, itemSeparator: String? = nil, keySeparator: String = ": ",
    ensureASCII: Bool = true, sortKeys: Bool = false
  ) {
    self.indent = indent
    self.itemSeparator = itemSeparator
    self.keySeparator = keySeparator
    self.ensureASCII = ensureASCII
    self.sortKeys = sortKeys
  }

  /// No spaces, UTF-8.
  public static let compact = JSONStyle(itemSeparator: ",", keySeparator: ":", ensureASCII: false)
  /// Two spaces per level, UTF-8.
  public static let pretty = JSONStyle(indent: 2, ensureASCII: false)
}

extension JSON {
  /// This value as text, identical to the output of Python's `json.dumps` in the same style. Linear time.
  public func text(_ style: JSONStyle = .compact) -> String {
    var writer = JSONWriter(style: style)
    writer.write(self, level: 0)
    return String(decoding: writer.output, as: UTF8.self)
  }
}

private struct JSONWriter {
  let style: JSONStyle
  let itemSeparator: [UInt8]
  let keySeparator: [UInt8]
  var output: [UInt8] = []

  init(style: JSONStyle) {
    self.style = style
    itemSeparator = Array((style.itemSeparator ?? (style.indent == nil ? ", " : ",")).utf8)
    keySeparator = Array(style.keySeparator.utf8)
  }

  mutating func write(_ value: JSON, level: Int) {
    switch value {
    case .null: append("null")
    case .bool(let value): append(value ? "true" : "false")
    case .integer(let value): append(String(value))
    case .number(let value): append(PythonFloat.json(value))
    case .string(let value): write(value)
    case .array(let elements):
      list(elements.count, "[", "]", level) { writer, index in
        writer.write(elements[index], level: level + 1)
      }
    case .object(let object): write(object, level: level)
    }
  }

  private mutating func write(_ object: JSONObject, level: Int) {
    var order = Array(object.indices)
    if style.sortKeys {
      // The order of UTF-8 bytes is the order of code points.
      order.sort { object.keys[$0].utf8.lexicographicallyPrecedes(object.keys[$1].utf8) }
    }
    list(object.count, "{", "}", level) { writer, index in
      writer.write(object.keys[order[index]])
      writer.output += writer.keySeparator
      writer.write(object.values[order[index]], level: level + 1)
    }
  }

  private mutating func list(
    _ count: Int, _ opening: String, _ closing: String, _ level: Int,
    _ element: (inout JSONWriter, Int) -> Void
  ) {
    append(opening)
    for index in 0..<count {
      if index > 0 { output += itemSeparator }
      newLine(level + 1)
      element(&self, index)
    }
    if count > 0 { newLine(level) }
    append(closing)
  }

  private mutating func newLine(_ level: Int) {
    guard let indent = style.indent else { return }
    output.append(0x0A)
    output += repeatElement(0x20, count: max(0, indent) * level)
  }

  private mutating func write(_ string: String) {
    append("\"")
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": append("\\\"")
      case "\\": append("\\\\")
      case "\n": append("\\n")
      case "\r": append("\\r")
      case "\t": append("\\t")
      case "\u{8}": append("\\b")
      case "\u{C}": append("\\f")
      case "\u{0}"..<"\u{20}": escape(UInt16(scalar.value))
      case "\u{20}"..<"\u{7F}": output.append(UInt8(truncatingIfNeeded: scalar.value))
      default:
        if style.ensureASCII {
          for unit in UTF16.encode(scalar) ?? UTF16.encodedReplacementCharacter { escape(unit) }
        } else {
          output += UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter
        }
      }
    }
    append("\"")
  }

  private mutating func escape(_ unit: UInt16) {
    let digits = String(unit, radix: 16)
    append("\\u" + String(repeating: "0", count: 4 - digits.count) + digits)
  }

  private mutating func append(_ text: String) { output += text.utf8 }
}
