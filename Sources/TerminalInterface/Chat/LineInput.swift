/// The lines of the standard input.
struct LineInput {
  private var pending: [UInt8] = []
  /// Whether the input has ended. The last line needs no line end.
  private(set) var isAtEnd = false

  /// Adds bytes; nil for the end of the input.
  mutating func add(_ bytes: [UInt8]?) {
    if let bytes { pending += bytes } else { isAtEnd = true }
  }

  /// Removes the next line and returns it; nil if none is complete.
  mutating func next() -> String? {
    if let end = pending.firstIndex(of: 10) {
      var line = pending[..<end]
      // The line ends of other systems.
      if line.last == 13 { line.removeLast() }
      defer { pending.removeSubrange(...end) }
      return String(decoding: line, as: UTF8.self)
    }
    guard isAtEnd, !pending.isEmpty else { return nil }
    defer { pending = [] }
    return String(decoding: pending, as: UTF8.self)
  }
}
