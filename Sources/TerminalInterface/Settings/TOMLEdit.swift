/// Changes single values of the first table of a TOML document and keeps everything else: comments, order, unknown keys
/// and spaces.
///
/// The document must be valid TOML; `TOMLDocument.parse` checks it. O(length of the document).
package struct TOMLEdit {
  /// A key with its value in the first table.
  private struct Statement {
    var key: String
    /// The line of the key, from 1.
    var line: Int
    /// From the first character of the key's line to the end of the value.
    var start: Int
    var value: Range<Int>
  }

  private var bytes: [UInt8]
  private var statements: [Statement] = []
  /// The end of the first table: the start of the line of the next header, or the end of the document.
  private var end = 0

  /// The document after the changes.
  package var text: String { String(decoding: bytes, as: UTF8.self) }

  package init(_ text: String) {
    bytes = Array(text.utf8)
    scan()
  }

  /// The line of a key, from 1; nil if the first table does not have it.
  package func line(of key: String) -> Int? { statements.first { $0.key == key }?.line }

  /// Sets a key to a value in TOML. A new key is added at the end of the first table.
  package mutating func set(_ key: String, to value: String) {
    if let found = statements.first(where: { $0.key == key }) {
      bytes.replaceSubrange(found.value, with: Array(value.utf8))
    } else {
      let place = insertionPlace
      let opening = place > 0 && bytes[place - 1] != UInt8(ascii: "\n") ? "\n" : ""
      bytes.insert(contentsOf: Array("\(opening)\(key) = \(value)\n".utf8), at: place)
    }
    scan()
  }

  /// Removes a key. A comment behind its value stays, on a line of its own.
  package mutating func remove(_ key: String) {
    guard let found = statements.first(where: { $0.key == key }) else { return }
    var after = found.value.upperBound
    while after < bytes.count, Self.isSpace(bytes[after]) { after += 1 }
    // Without a comment, the whole line is removed.
    if after < bytes.count, bytes[after] == UInt8(ascii: "\r") { after += 1 }
    if after < bytes.count, bytes[after] == UInt8(ascii: "\n") { after += 1 }
    bytes.removeSubrange(found.start..<after)
    scan()
  }

  /// Behind the last statement, so that a comment above the next header stays there.
  private var insertionPlace: Int {
    guard let last = statements.last else { return end }
    var place = last.value.upperBound
    while place < end, bytes[place] != UInt8(ascii: "\n") { place += 1 }
    return min(place + 1, end)
  }

  // Scanning

  private mutating func scan() {
    statements = []
    var place = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    var line = 1
    while place < bytes.count {
      let start = place
      while place < bytes.count, Self.isSpace(bytes[place]) { place += 1 }
      guard place < bytes.count, bytes[place] != UInt8(ascii: "[") else {
        end = start
        return
      }
      if !Self.isLineEnd(bytes[place]), bytes[place] != UInt8(ascii: "#"), let equals = endOfKey(place) {
        let valueStart = skippingSpaces(equals + 1)
        let valueEnd = endOfValue(valueStart)
        statements.append(
          Statement(key: key(place..<equals), line: line, start: start, value: valueStart..<valueEnd))
        line += bytes[place..<valueEnd].count { $0 == UInt8(ascii: "\n") }
        place = valueEnd
      }
      while place < bytes.count, bytes[place] != UInt8(ascii: "\n") { place += 1 }
      place += 1
      line += 1
    }
    end = bytes.count
  }

  /// The position of the equals sign behind a key, which may be quoted.
  private func endOfKey(_ start: Int) -> Int? {
    var place = start
    while place < bytes.count, !Self.isLineEnd(bytes[place]) {
      switch bytes[place] {
      case UInt8(ascii: "="): return place
      case UInt8(ascii: "\""), UInt8(ascii: "'"): place = endOfString(place)
      default: place += 1
      }
    }
    return nil
  }

  private func key(_ range: Range<Int>) -> String {
    var text = String(decoding: bytes[range], as: UTF8.self)[...]
    while let last = text.last, last == " " || last == "\t" { text.removeLast() }
    if let first = text.first, first == "\"" || first == "'", text.count > 1, text.last == first {
      text = text.dropFirst().dropLast()
    }
    return String(text)
  }

  private func skippingSpaces(_ start: Int) -> Int {
    var place = start
    while place < bytes.count, Self.isSpace(bytes[place]) { place += 1 }
    return place
  }

  /// The end of a value: before the comment or the line end outside strings and brackets, without spaces.
  private func endOfValue(_ start: Int) -> Int {
    var place = start
    var depth = 0
    var last = start
    while place < bytes.count {
      let byte = bytes[place]
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "'"):
        place = endOfString(place)
        last = place
        continue
      case UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
      case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
      case UInt8(ascii: "#"):
        if depth == 0 { return last }
        while place < bytes.count, bytes[place] != UInt8(ascii: "\n") { place += 1 }
        continue
      case UInt8(ascii: "\n"): if depth == 0 { return last }
      default: break
      }
      place += 1
      if !Self.isSpace(byte), !Self.isLineEnd(byte) { last = place }
    }
    return last
  }

  /// The position behind a string that starts here: basic or literal, on one line or several.
  private func endOfString(_ start: Int) -> Int {
    let quote = bytes[start]
    let hasEscapes = quote == UInt8(ascii: "\"")
    let opening = bytes[start...].prefix(3)
    let isLong = opening.count == 3 && opening.allSatisfy { $0 == quote }
    var place = start + (isLong ? 3 : 1)
    while place < bytes.count {
      if hasEscapes, bytes[place] == UInt8(ascii: "\\") {
        place += 2
      } else if bytes[place] == quote {
        if !isLong { return place + 1 }
        var count = 0
        while place < bytes.count, bytes[place] == quote { (place, count) = (place + 1, count + 1) }
        // Up to two quotation marks before the closing ones belong to the string.
        if count >= 3 { return place }
      } else {
        place += 1
      }
    }
    return bytes.count
  }

  private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
  private static func isLineEnd(_ byte: UInt8) -> Bool { byte == 0x0A || byte == 0x0D }
}
