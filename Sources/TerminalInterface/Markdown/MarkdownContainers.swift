/// The quotes and list items around the current line, and the markers that no block shows yet.
struct MarkdownContainers: Sendable {
  private struct Container: Sendable {
    /// The columns that the lines of a list item are indented by; nil for a quote.
    var indent: Int?
    /// The columns of the marker that is shown, and of the space after it.
    var columns = 0
    var mark: UInt8 = 0
    var number: Int?
    /// A list item whose first line is empty, before any other line.
    var isEmpty = false
  }

  private static let deepestQuote = 8
  private static let deepest = 24
  private static let deepestIndent = 24

  private var containers: [Container] = []
  /// The markers of the last items, which the next block shows.
  private var pending: [String] = []

  var count: Int { containers.count }
  var hasPending: Bool { !pending.isEmpty }

  /// The number of quotes.
  var quoteDepth: Int { containers.count { $0.indent == nil } }

  /// Passes the marks and indents of the containers that a line continues. Returns their number.
  mutating func match(_ cursor: inout LineCursor) -> Int {
    let isBlank = cursor.isBlank
    for (place, container) in containers.enumerated() {
      if let indent = container.indent {
        if cursor.isBlank {
          // An item starts with one empty line at most.
          if container.isEmpty && isBlank { return place }
          cursor.skipIndent()
        } else if cursor.indent >= indent {
          cursor.advance(columns: indent)
          containers[place].isEmpty = false
        } else {
          return place
        }
      } else if !Self.passQuote(&cursor) {
        return place
      }
    }
    return containers.count
  }

  /// Whether only list items, no quotes, are after the first `matched` containers.
  func areItems(after matched: Int) -> Bool { containers[matched...].allSatisfy { $0.indent != nil } }

  private static func passQuote(_ cursor: inout LineCursor) -> Bool {
    guard cursor.indent < 4 else { return false }
    var inner = cursor
    inner.skipIndent()
    guard inner.byte == UInt8(ascii: ">") else { return false }
    inner.advance(bytes: 1)
    inner.advance(columns: 1)
    cursor = inner
    return true
  }

  /// Whether the mark of another quote is here.
  func isQuote(_ cursor: LineCursor) -> Bool {
    var inner = cursor
    return quoteDepth < Self.deepestQuote && containers.count < Self.deepest && Self.passQuote(&inner)
  }

  /// Opens the quote whose mark is here.
  mutating func openQuote(_ cursor: inout LineCursor) {
    if Self.passQuote(&cursor) { containers.append(Container()) }
  }

  /// The marker of a list item here, unless it would end a paragraph that it must not end.
  func item(_ cursor: LineCursor, inParagraph: Bool) -> ItemMarker? {
    var inner = cursor
    inner.skipIndent()
    guard containers.count < Self.deepest, let marker = inner.item else { return nil }
    inner.advance(bytes: marker.length)
    return inParagraph && (inner.isBlank || marker.number ?? 1 != 1) ? nil : marker
  }

  /// Whether a bullet here belongs to the numbered item at `place`, although it lacks some of its indent. Many models
  /// indent by two columns everywhere. For CommonMark it ends the numbered list.
  func isNested(_ marker: ItemMarker, _ cursor: LineCursor, at place: Int) -> Bool {
    containers.indices.contains(place) && containers[place].number != nil && marker.number == nil
      && cursor.indent >= 2
  }

  /// The number of an item that follows the item at `place` in the same list; nil for another list.
  func next(after place: Int, _ marker: ItemMarker) -> Int? {
    guard containers.indices.contains(place), containers[place].indent != nil,
      containers[place].mark == marker.mark
    else { return nil }
    return containers[place].number.map { $0 + 1 }
  }

  /// Opens a list item whose marker is here.
  mutating func openItem(_ cursor: inout LineCursor, _ marker: ItemMarker, number: Int?) {
    var indent = cursor.indent + marker.length
    cursor.skipIndent()
    cursor.advance(bytes: marker.length)
    let isEmpty = cursor.isBlank
    let space = isEmpty || cursor.indent > 4 ? 1 : cursor.indent
    indent += space
    cursor.advance(columns: space)
    let shown = Self.shown(marker, number, depth: containers.count { $0.indent != nil }, &cursor)
    pending.append(shown)
    containers.append(
      Container(indent: indent, columns: shown.count + 1, mark: marker.mark, number: number, isEmpty: isEmpty)
    )
  }

  /// The marker that is shown: the bullet of a list shows its depth, or its task.
  private static func shown(_ marker: ItemMarker, _ number: Int?, depth: Int, _ cursor: inout LineCursor)
    -> String
  {
    if let number { return "\(number)\(Character(Unicode.Scalar(marker.mark)))" }
    let rest = cursor.rest.prefix(4)
    if ["[ ] ", "[x] ", "[X] "].contains(rest) {
      cursor.advance(bytes: 4)
      return rest == "[ ] " ? "☐" : "☑"
    }
    return ["•", "◦", "▪"][min(depth, 2)]
  }

  /// The context of a block here. It shows the markers that no block has shown.
  mutating func takeContext() -> MarkdownBlock.Context {
    let items = containers.filter { $0.indent != nil }
    let indent = items.dropLast(pending.count).reduce(0) { $0 + $1.columns }
    defer { pending = [] }
    return MarkdownBlock.Context(
      quoteDepth: quoteDepth, indent: min(indent, Self.deepestIndent), marker: pending.joined(separator: " "))
  }

  /// Removes all but the first containers.
  mutating func close(to count: Int) { containers.removeSubrange(count...) }
}
