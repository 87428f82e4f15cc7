extension JSON {
  /// Parses a complete text in linear time and memory: about 10 ms per megabyte of tokenizer.json.
  ///
  /// In addition to the grammar of RFC 8259 it accepts a byte order mark, `NaN`, `Infinity` and `-Infinity`, as Python's
  /// `json.loads` does, because model files contain them. Unpaired surrogates become U+FFFD.
  /// - Throws: `JSONError.syntax`, also for invalid UTF-8 and for nesting deeper than 200.
  public init(parsing bytes: UnsafeRawBufferPointer) throws(JSONError) {
    var parser = JSONParser(bytes)
    self = try parser.document()
  }

  /// Parses a complete text; see `init(parsing: UnsafeRawBufferPointer)`.
  public init(parsing bytes: Bytes) throws(JSONError) {
    self = try bytes.withUnsafeBytes { (bytes) throws(JSONError) in try JSON(parsing: bytes) }
  }

  /// Parses a complete text; see `init(parsing: UnsafeRawBufferPointer)`.
  public init(parsing bytes: [UInt8]) throws(JSONError) {
    let result = bytes.withUnsafeBytes { buffer in
      Result { () throws(JSONError) in try JSON(parsing: buffer) }
    }
    self = try result.get()
  }

  /// Parses a complete text; see `init(parsing: UnsafeRawBufferPointer)`.
  public init(parsing text: String) throws(JSONError) {
    try self.init(parsing: Array(text.utf8))
  }
}

/// A recursive-descent parser over bytes in memory. `position` never exceeds `end`.
struct JSONParser {
  let bytes: UnsafeBufferPointer<UInt8>
  let end: Int
  var position = 0
  /// Reused for strings with escapes.
  var unescaped: [UInt8] = []
  /// The elements of all open arrays and objects, a stack, so that each is allocated once at its final size.
  private var elements: [JSON] = []
  private var keys: [String] = []

  private static let maxDepth = 200

  init(_ buffer: UnsafeRawBufferPointer) {
    bytes = buffer.assumingMemoryBound(to: UInt8.self)
    end = buffer.count
  }

  mutating func document() throws(JSONError) -> JSON {
    if end >= 3, bytes[0] == 0xEF, bytes[1] == 0xBB, bytes[2] == 0xBF { position = 3 }
    skipSpace()
    let result = try value(depth: 0)
    skipSpace()
    guard position == end else { throw error("expected the end of the text") }
    return result
  }

  private mutating func value(depth: Int) throws(JSONError) -> JSON {
    guard position < end else { throw error("the text ends where a value should be") }
    switch bytes[position] {
    case UInt8(ascii: "{"): return .object(try object(depth: depth))
    case UInt8(ascii: "["): return .array(try array(depth: depth))
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try literal("true", .bool(true))
    case UInt8(ascii: "f"): return try literal("false", .bool(false))
    case UInt8(ascii: "n"): return try literal("null", .null)
    case UInt8(ascii: "N"): return try literal("NaN", .number(.nan))
    case UInt8(ascii: "I"): return try literal("Infinity", .number(.infinity))
    case UInt8(ascii: "-") where position + 1 < end && bytes[position + 1] == UInt8(ascii: "I"):
      return try literal("-Infinity", .number(-.infinity))
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
    default: throw error("expected a value")
    }
  }

  private mutating func object(depth: Int) throws(JSONError) -> JSONObject {
    guard depth < Self.maxDepth else { throw error("nested deeper than \(Self.maxDepth)") }
    position += 1
    skipSpace()
    if take(UInt8(ascii: "}")) { return JSONObject() }
    let firstKey = keys.count
    let firstElement = elements.count
    while true {
      guard position < end, bytes[position] == UInt8(ascii: "\"") else {
        throw error("expected a key in double quotes")
      }
      keys.append(try string())
      skipSpace()
      guard take(UInt8(ascii: ":")) else { throw error("expected ':' after the key") }
      skipSpace()
      elements.append(try value(depth: depth + 1))
      skipSpace()
      if take(UInt8(ascii: "}")) { break }
      guard take(UInt8(ascii: ",")) else { throw error("expected ',' or '}'") }
      skipSpace()
    }
    defer {
      keys.removeSubrange(firstKey...)
      elements.removeSubrange(firstElement...)
    }
    return JSONObject(keys: keys[firstKey...], values: elements[firstElement...])
  }

  private mutating func array(depth: Int) throws(JSONError) -> [JSON] {
    guard depth < Self.maxDepth else { throw error("nested deeper than \(Self.maxDepth)") }
    position += 1
    skipSpace()
    if take(UInt8(ascii: "]")) { return [] }
    let first = elements.count
    while true {
      elements.append(try value(depth: depth + 1))
      skipSpace()
      if take(UInt8(ascii: "]")) { break }
      guard take(UInt8(ascii: ",")) else { throw error("expected ',' or ']'") }
      skipSpace()
    }
    defer { elements.removeSubrange(first...) }
    return Array(elements[first...])
  }

  private mutating func literal(_ word: StaticString, _ value: JSON) throws(JSONError) -> JSON {
    for index in 0..<word.utf8CodeUnitCount {
      guard position + index < end, bytes[position + index] == word.utf8Start[index] else {
        throw error("expected a value")
      }
    }
    position += word.utf8CodeUnitCount
    return value
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard position < end, bytes[position] == byte else { return false }
    position += 1
    return true
  }

  private mutating func skipSpace() {
    while position < end {
      switch bytes[position] {
      case 0x20, 0x0A, 0x0D, 0x09: position += 1
      default: return
      }
    }
  }

  /// A syntax error at `offset`, or at the current position.
  func error(_ problem: String, at offset: Int? = nil) -> JSONError {
    let offset = min(offset ?? position, end)
    var line = 1
    var lineStart = 0
    for index in 0..<offset where bytes[index] == 0x0A {
      line += 1
      lineStart = index + 1
    }
    return .syntax(problem: problem, line: line, column: offset - lineStart + 1, offset: offset)
  }
}
