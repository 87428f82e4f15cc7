/// How JSON is written; the names and defaults are those of Python's `json.dumps`.
public struct JSONStyle: Sendable, Equatable {
  /// Spaces a level, with a line for every element; nil for one line.
  public var indent: Int?
  /// Between elements; nil for ", " on one line and "," with an indent, as in Python.
  public var itemSeparator: String?
  /// Between key and value.
  public var keySeparator: String
  /// Writes everything beyond ASCII as \uXXXX.
  public var ensureASCII: Bool
  /// Writes keys in the order of their code points.
  public var sortKeys: Bool

  /// A style; without arguments that of `json.dumps`.
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

  /// No spaces at all, UTF-8.
  public static let compact = JSONStyle(itemSeparator: ",", keySeparator: ":", ensureASCII: false)
  /// Two spaces a level, UTF-8.
  public static let pretty = JSONStyle(indent: 2, ensureASCII: false)
}

extension JSON {
  /// This value as text, byte for byte what Python's `json.dumps` writes in the same style. Linear time.
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
      // UTF-8 bytes sort as code points do.
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
