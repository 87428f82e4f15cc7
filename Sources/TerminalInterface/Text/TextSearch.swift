/// Finds a text in others, in either case.
///
/// A text of ASCII, or of characters without case such as Chinese, costs one pass over the bytes. Others, and places
/// that may be parts of characters, are compared by characters, which is far slower.
package struct TextSearch: Sendable {
  private let wanted: String
  /// The bytes to find, in lower case; nil if characters must be compared.
  private let bytes: [UInt8]?
  /// Whether the bytes are whole characters wherever no combining marks follow.
  private let isPlain: Bool

  package init(_ text: String) {
    wanted = text.lowercased()
    isPlain = wanted.utf8.allSatisfy { 0x20..<0x7F ~= $0 }
    let hasCase = !wanted.utf8.allSatisfy { $0 < 0x80 } && text.lowercased() != text.uppercased()
    bytes = hasCase || wanted.isEmpty ? nil : Array(wanted.utf8)
  }

  /// Whether a text contains it. No text contains an empty one.
  package func isFound(in text: String) -> Bool {
    guard !wanted.isEmpty else { return false }
    guard let bytes else { return text.lowercased().contains(wanted) }
    let found = text.utf8.withContiguousStorageIfAvailable { Self.find(bytes, in: $0) }
    switch found ?? Self.find(bytes, in: Array(text.utf8)) {
    case .none: return false
    case .found where isPlain: return true
    case .found, .unclear: return text.lowercased().contains(wanted)
    }
  }

  /// Whether a Markdown text contains it: as written, or as shown, without the marks of emphasis and code.
  package func isFound(inMarkdown text: String) -> Bool {
    if isFound(in: text) { return true }
    guard text.utf8.contains(where: Self.isMark) else { return false }
    return isFound(in: String(decoding: text.utf8.filter { !Self.isMark($0) }, as: UTF8.self))
  }

  // Not the underscore: it is part of names.
  private static func isMark(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "*") || byte == UInt8(ascii: "`") || byte == UInt8(ascii: "~")
  }

  private enum Match {
    case none, found
    /// The bytes occur, but combining marks may follow them.
    case unclear
  }

  private static func find(_ wanted: [UInt8], in text: some RandomAccessCollection<UInt8>) -> Match {
    text.withContiguousStorageIfAvailable { find(wanted, in: $0) } ?? .unclear
  }

  private static func find(_ wanted: [UInt8], in text: UnsafeBufferPointer<UInt8>) -> Match {
    guard let first = wanted.first, text.count >= wanted.count else { return .none }
    var isUnclear = false
    var place = 0
    let last = text.count - wanted.count
    while place <= last {
      if lowercase(text[place]) == first {
        var length = 1
        while length < wanted.count, lowercase(text[place + length]) == wanted[length] { length += 1 }
        if length == wanted.count {
          let end = place + length
          if end == text.count || text[end] < 0x80 { return .found }
          isUnclear = true
        }
      }
      place += 1
    }
    return isUnclear ? .unclear : .none
  }

  @inline(__always)
  private static func lowercase(_ byte: UInt8) -> UInt8 {
    0x41...0x5A ~= byte ? byte | 0x20 : byte
  }
}
