/// The text in the composer: grapheme clusters and paste chips, a cursor between them, and the text last killed.
///
/// The text is kept as it is, control characters included; the layout makes them visible. An edit costs at most O(length of the draft); a large paste is one element, so drafts stay short.
package struct Draft: Sendable, Equatable {
  /// A grapheme cluster, or a large paste that is shown as one chip.
  package enum Element: Sendable, Equatable {
    case character(Character)
    case chip(String)
    /// An attached file, or several: the label, and the text that is sent.
    case attachment(String, String)
  }

  package private(set) var elements: [Element] = []
  /// The number of elements before the cursor.
  package private(set) var cursor = 0
  /// The killed texts, the last one first; Ctrl-Y inserts the first.
  package private(set) var killed: [[Element]] = []
  /// The elements that the last yank inserted, and the index of the killed text; nil after any other change.
  private var yanked: (range: Range<Int>, index: Int)?
  /// The column that Up and Down try to keep.
  package var goalColumn: Int?
  private var lastWasKill = false

  /// A paste with more lines or bytes than these becomes a chip.
  package static let chipLines = 8
  package static let chipCharacters = 1000

  package init(_ text: String = "") { set(text) }

  package var isEmpty: Bool { elements.isEmpty }

  /// The whole text, with the text of the chips.
  package var text: String { Self.text(of: elements[...]) }

  /// True when the cursor is at the end.
  package var isAtEnd: Bool { cursor == elements.count }

  package static func text(of elements: ArraySlice<Element>) -> String {
    elements.reduce(into: "") { text, element in
      switch element {
      case .character(let character): text.append(character)
      case .chip(let chip): text += chip
      case .attachment(_, let file): text += file
      }
    }
  }

  /// The label of a chip on the screen.
  package static func label(of chip: String) -> String {
    let lines = chip.reduce(1) { $0 + ($1 == "\n" ? 1 : 0) }
    let shown = chip.hasSuffix("\n") && lines > 1 ? lines - 1 : lines
    return lines == 1 ? "[pasted \(byteSize(chip.utf8.count))]" : "[pasted \(shown) lines]"
  }

  /// Replaces the text; the cursor moves to the end.
  package mutating func set(_ text: String) {
    elements = text.map { .character($0) }
    cursor = elements.count
    didChange()
  }

  /// Inserts text before the cursor. A combining mark is merged with the cluster before it.
  package mutating func insert(_ text: String) {
    var text = text
    if cursor > 0, case .character(let before) = elements[cursor - 1],
      (String(before) + text).count < 1 + text.count
    {
      text = String(before) + text
      cursor -= 1
      elements.remove(at: cursor)
    }
    insert(text.map { .character($0) })
  }

  /// Inserts a paste: as text, or as a chip when it is large. Line feeds in it never send.
  package mutating func paste(_ text: String) {
    let text = Self.withLineFeeds(text)
    let lines = text.utf8.reduce(1) { $0 + ($1 == 10 ? 1 : 0) }
    if lines > Self.chipLines || text.utf8.count > Self.chipCharacters {
      insert([.chip(text)])
    } else {
      insert(text)
    }
  }

  // Terminals send line feeds of a paste as carriage returns.
  private static func withLineFeeds(_ text: String) -> String {
    guard text.utf8.contains(13) else { return text }
    var scalars = String.UnicodeScalarView()
    var previous: Unicode.Scalar?
    for scalar in text.unicodeScalars {
      if scalar != "\n" || previous != "\r" { scalars.append(scalar == "\r" ? "\n" : scalar) }
      previous = scalar
    }
    return String(scalars)
  }

  /// Inserts an attachment in place of a range.
  package mutating func attach(_ label: String, _ text: String, replacing range: Range<Int>) {
    remove(range)
    insert([.attachment(label, text)])
  }

  /// Appends elements; the cursor moves to the end.
  package mutating func append(_ new: [Element]) {
    cursor = elements.count
    insert(new)
  }

  /// A draft of these elements, with the cursor at a place.
  package init(elements: [Element], cursor: Int) {
    self.elements = elements
    self.cursor = min(max(0, cursor), elements.count)
  }

  private mutating func insert(_ new: [Element]) {
    elements.insert(contentsOf: new, at: cursor)
    cursor += new.count
    didChange()
  }

  /// Moves the cursor before element `place`, clamped to the draft.
  package mutating func move(to place: Int) {
    cursor = min(max(0, place), elements.count)
    didChange()
  }

  /// Removes elements; the cursor keeps its place in the text.
  package mutating func remove(_ range: Range<Int>) {
    let range = range.clamped(to: 0..<elements.count)
    elements.removeSubrange(range)
    if cursor > range.upperBound { cursor -= range.count } else { cursor = min(cursor, range.lowerBound) }
    didChange()
  }

  /// Removes elements and stores them for `yank`. Consecutive kills are combined.
  package mutating func kill(_ range: Range<Int>) {
    let range = range.clamped(to: 0..<elements.count)
    guard !range.isEmpty else { return }
    let removed = Array(elements[range])
    let joins = lastWasKill
    let isBefore = range.upperBound == cursor
    remove(range)
    if joins, let last = killed.first {
      killed[0] = isBefore ? removed + last : last + removed
    } else {
      killed.insert(removed, at: 0)
      if killed.count > Self.ringSize { killed.removeLast() }
    }
    lastWasKill = true
  }

  /// The number of killed texts that are kept.
  package static let ringSize = 30

  /// Inserts the text that was killed last.
  package mutating func yank() { yank(0) }

  /// Replaces the text that the last yank inserted by the one killed before it.
  package mutating func yankEarlier() {
    guard let last = yanked, killed.count > 1 else { return }
    remove(last.range)
    yank((last.index + 1) % killed.count)
  }

  private mutating func yank(_ index: Int) {
    guard killed.indices.contains(index) else { return }
    let start = cursor
    insert(killed[index])
    yanked = (start..<cursor, index)
  }

  /// Takes the text and the cursor of another draft, and keeps the killed texts.
  package mutating func restore(_ other: Draft) {
    elements = other.elements
    cursor = other.cursor
    didChange()
  }

  package static func == (one: Draft, other: Draft) -> Bool {
    one.elements == other.elements && one.cursor == other.cursor && one.killed == other.killed
      && one.goalColumn == other.goalColumn && one.lastWasKill == other.lastWasKill
  }

  /// Clears the draft; the killed text is kept.
  package mutating func clear() {
    elements = []
    cursor = 0
    didChange()
  }

  private mutating func didChange() {
    goalColumn = nil
    lastWasKill = false
    yanked = nil
  }
}
