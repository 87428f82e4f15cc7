extension JSONParser {
  /// Parses a string from its opening quote. Without escapes, all bytes are validated and copied at once.
  mutating func string() throws(JSONError) -> String {
    let opening = position
    position += 1
    let start = position
    var union: UInt8 = 0
    while position < end {
      let byte = bytes[position]
      union |= byte
      if byte == UInt8(ascii: "\"") {
        let content = UnsafeBufferPointer(rebasing: bytes[start..<position])
        // ASCII needs no validation, and `String(validating:)` is several times slower for short strings.
        let text = union < 0x80 ? String(decoding: content, as: UTF8.self) : try decoded(content, start)
        position += 1
        return text
      }
      if byte == UInt8(ascii: "\\") { return try stringWithEscapes(from: start, opening: opening) }
      guard byte >= 0x20 else { throw error("a control character inside a string must be escaped") }
      position += 1
    }
    throw error("the string is not closed", at: opening)
  }

  private mutating func stringWithEscapes(from start: Int, opening: Int) throws(JSONError) -> String {
    unescaped.removeAll(keepingCapacity: true)
    unescaped.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[start..<position]))
    while position < end {
      let byte = bytes[position]
      switch byte {
      case UInt8(ascii: "\""):
        guard let text = String(validating: unescaped, as: UTF8.self) else { throw invalid(from: start) }
        position += 1
        return text
      case UInt8(ascii: "\\"): try escape()
      case 0..<0x20: throw error("a control character inside a string must be escaped")
      default:
        unescaped.append(byte)
        position += 1
      }
    }
    throw error("the string is not closed", at: opening)
  }

  private mutating func escape() throws(JSONError) {
    guard position + 1 < end else { throw error("the string is not closed") }
    let letter = bytes[position + 1]
    if letter == UInt8(ascii: "u") {
      let scalar = try escapedScalar()
      unescaped.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
      return
    }
    let meaning: UInt8
    switch letter {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): meaning = letter
    case UInt8(ascii: "b"): meaning = 0x08
    case UInt8(ascii: "f"): meaning = 0x0C
    case UInt8(ascii: "n"): meaning = 0x0A
    case UInt8(ascii: "r"): meaning = 0x0D
    case UInt8(ascii: "t"): meaning = 0x09
    default: throw error("unknown escape in a string")
    }
    unescaped.append(meaning)
    position += 2
  }

  /// Parses `\uXXXX`, and a second one that completes a surrogate pair.
  private mutating func escapedScalar() throws(JSONError) -> Unicode.Scalar {
    let first = try hexadecimal(at: position + 2)
    position += 6
    if 0xD800..<0xDC00 ~= first, position + 1 < end, bytes[position] == UInt8(ascii: "\\"),
      bytes[position + 1] == UInt8(ascii: "u")
    {
      let second = try hexadecimal(at: position + 2)
      if 0xDC00..<0xE000 ~= second {
        position += 6
        return Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00)) ?? "\u{FFFD}"
      }
    }
    return Unicode.Scalar(first) ?? "\u{FFFD}"
  }

  private func hexadecimal(at offset: Int) throws(JSONError) -> UInt32 {
    guard offset + 4 <= end else { throw error("\\u needs four hexadecimal digits") }
    var value: UInt32 = 0
    for index in offset..<offset + 4 {
      let byte = bytes[index]
      let digit: UInt8
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
      default: throw error("\\u needs four hexadecimal digits")
      }
      value = value << 4 | UInt32(digit)
    }
    return value
  }

  private func decoded(_ text: UnsafeBufferPointer<UInt8>, _ start: Int) throws(JSONError) -> String {
    guard let text = String(validating: text, as: UTF8.self) else { throw invalid(from: start) }
    return text
  }

  /// The error for the first invalid UTF-8 byte after `start`.
  private func invalid(from start: Int) -> JSONError {
    var decoder = UTF8()
    var consumed = 0
    var iterator = UnsafeBufferPointer(rebasing: bytes[start..<end]).makeIterator()
    while case .scalarValue(let scalar) = decoder.decode(&iterator) {
      consumed += UTF8.width(scalar)
    }
    return error("invalid UTF-8", at: start + consumed)
  }
}
