// Searching, splitting and replacing, with the names and results of Python's `str` methods. Linear in the
// text; a search for a needle of m bytes costs at worst the text's length times m.
extension Jinja.Text {
  typealias Text = Jinja.Text

  /// The byte offset of the first occurrence of `needle` at or after `start`, before `end`.
  func firstByteOffset(of needle: Text, from start: Int = 0, to end: Int? = nil) -> Int? {
    let end = end ?? bytes.count
    let length = needle.bytes.count
    guard start >= 0, end - start >= length else { return nil }
    guard let head = needle.bytes.first else { return start }
    return bytes.withUnsafeBufferPointer { text in
      needle.bytes.withUnsafeBufferPointer { needle in
        var position = start
        while position <= end - length {
          if text[position] == head, matches(text, needle, at: position) { return position }
          position += 1
        }
        return nil
      }
    }
  }

  /// The byte offset of the last occurrence of `needle` within `start..<end`.
  func lastByteOffset(of needle: Text, from start: Int = 0, to end: Int? = nil) -> Int? {
    let end = end ?? bytes.count
    let length = needle.bytes.count
    guard start >= 0, end - start >= length else { return nil }
    return bytes.withUnsafeBufferPointer { text in
      needle.bytes.withUnsafeBufferPointer { needle in
        var position = end - length
        while position >= start {
          if matches(text, needle, at: position) { return position }
          position -= 1
        }
        return nil
      }
    }
  }

  private func matches(
    _ text: UnsafeBufferPointer<UInt8>, _ needle: UnsafeBufferPointer<UInt8>, at position: Int
  ) -> Bool {
    for offset in needle.indices where text[position + offset] != needle[offset] { return false }
    return true
  }

  func hasPrefix(_ prefix: Text) -> Bool { bytes.starts(with: prefix.bytes) }
  func hasSuffix(_ suffix: Text) -> Bool { bytes.suffix(suffix.bytes.count).elementsEqual(suffix.bytes) }
  func contains(_ needle: Text) -> Bool { firstByteOffset(of: needle) != nil }

  /// Byte offsets of the occurrences that do not overlap, from the left, at most `limit` of them.
  func occurrences(of needle: Text, limit: Int = .max) -> [Int] {
    var found: [Int] = []
    guard !needle.isEmpty else { return found }
    var start = 0
    while found.count < limit, let position = firstByteOffset(of: needle, from: start) {
      found.append(position)
      start = position + needle.bytes.count
    }
    return found
  }

  /// The byte offsets of the code points, and of the end.
  var boundaries: [Int] { bytes.indices.filter { !UTF8.isContinuation(bytes[$0]) } + [bytes.count] }

  /// The text without the code points at its ends for which `isStripped` is true.
  func stripped(
    leading: Bool = true, trailing: Bool = true, where isStripped: (Unicode.Scalar) -> Bool
  ) -> Text {
    let view = string.unicodeScalars
    var slice = view[...]
    if leading { slice = slice.drop(while: isStripped) }
    if trailing { while let last = slice.last, isStripped(last) { slice.removeLast() } }
    let whole = slice.startIndex == view.startIndex && slice.endIndex == view.endIndex
    return whole ? self : Text(String(slice))
  }

  /// Without white space at the ends.
  func trimmed(leading: Bool = true, trailing: Bool = true) -> Text {
    stripped(leading: leading, trailing: trailing) { $0.isPythonSpace }
  }

  /// Split at runs of white space, without empty parts at the ends; at most `limit` cuts.
  func splitAtSpace(limit: Int = .max) -> [Text] {
    var parts: [Text] = []
    var rest = string.unicodeScalars[...]
    while true {
      rest = rest.drop { $0.isPythonSpace }
      guard !rest.isEmpty else { return parts }
      if parts.count >= limit { return parts + [Text(String(rest))] }
      let word = rest.prefix { !$0.isPythonSpace }
      parts.append(Text(String(word)))
      rest = rest[word.endIndex...]
    }
  }

  /// As `splitAtSpace`, from the right.
  func splitAtSpaceFromRight(limit: Int) -> [Text] {
    var parts: [Text] = []
    var rest = string.unicodeScalars[...]
    while true {
      while let last = rest.last, last.isPythonSpace { rest.removeLast() }
      guard !rest.isEmpty else { break }
      if parts.count >= limit {
        parts.append(Text(String(rest)))
        break
      }
      let start = rest.lastIndex { $0.isPythonSpace }.map { rest.index(after: $0) } ?? rest.startIndex
      parts.append(Text(String(rest[start...])))
      rest = rest[..<start]
    }
    return parts.reversed()
  }

  /// Split at every `separator`, at most `limit` times, from the left or from the right.
  func split(at separator: Text, limit: Int = .max, fromRight: Bool = false) -> [Text] {
    var cuts: [Int] = []
    if fromRight, limit < .max {
      var end = bytes.count
      while cuts.count < limit, let position = lastByteOffset(of: separator, to: end) {
        cuts.append(position)
        end = position
      }
      cuts.reverse()
    } else {
      cuts = occurrences(of: separator, limit: limit)
    }
    var parts: [Text] = []
    var start = 0
    for cut in cuts {
      parts.append(Text(Array(bytes[start..<cut])))
      start = cut + separator.bytes.count
    }
    return parts + [Text(Array(bytes[start...]))]
  }

  /// The lines, without their line breaks unless `keepEnds`.
  func lines(keepEnds: Bool = false) -> [Text] {
    var lines: [Text] = []
    let view = string.unicodeScalars
    var start = view.startIndex
    var position = start
    while position < view.endIndex {
      let scalar = view[position]
      var next = view.index(after: position)
      if scalar.isPythonLineBreak {
        if scalar == "\r", next < view.endIndex, view[next] == "\n" { next = view.index(after: next) }
        lines.append(Text(String(view[start..<(keepEnds ? next : position)])))
        start = next
      }
      position = next
    }
    if start < view.endIndex { lines.append(Text(String(view[start...]))) }
    return lines
  }
}
