/// What is being written: clusters and paste chips, a cursor between them, and the text last killed.
///
/// Editing costs O(length of the draft) at most; a large paste is one element, so drafts stay short.
package struct Draft: Sendable, Equatable {
  /// A cluster, or a large paste that is shown as one piece.
  package enum Element: Sendable, Equatable {
    case character(Character)
    case chip(String)
  }

  package private(set) var elements: [Element] = []
  /// The number of elements before the cursor.
  package private(set) var cursor = 0
  /// What Ctrl-Y brings back.
  package private(set) var killed: [Element] = []
  /// The column that Up and Down try to keep.
  package var goalColumn: Int?
  private var lastWasKill = false

  /// Lines and characters from which on a paste becomes a chip.
  package static let chipLines = 8
  package static let chipCharacters = 1000

  package init(_ text: String = "") { set(text) }

  package var isEmpty: Bool { elements.isEmpty }

  /// The whole text, chips written out.
  package var text: String { Self.text(of: elements[...]) }

  /// True when the cursor is behind everything.
  package var isAtEnd: Bool { cursor == elements.count }

  package static func text(of elements: ArraySlice<Element>) -> String {
    elements.reduce(into: "") { text, element in
      switch element {
      case .character(let character): text.append(character)
      case .chip(let chip): text += chip
      }
    }
  }

  /// What a chip says on the screen.
  package static func label(of chip: String) -> String {
    let lines = chip.reduce(1) { $0 + ($1 == "\n" ? 1 : 0) }
    return lines == 1 ? "[pasted \(byteSize(chip.utf8.count))]" : "[pasted \(lines) lines]"
  }

  /// Replaces everything; the cursor goes to the end.
  package mutating func set(_ text: String) {
    elements = VisibleText.of(text).map { .character($0) }
    cursor = elements.count
    moved()
  }

  /// Types text before the cursor. A combining mark joins the cluster before it.
  package mutating func insert(_ text: String) {
    var text = VisibleText.of(text)
    if cursor > 0, case .character(let before) = elements[cursor - 1],
      (String(before) + text).count < 1 + text.count
    {
      text = String(before) + text
      cursor -= 1
      elements.remove(at: cursor)
    }
    insert(text.map { .character($0) })
  }

  /// Puts a paste in: as text, or as a chip when it is large. Line feeds never send.
  package mutating func paste(_ text: String) {
    let text = VisibleText.of(text)
    let lines = text.utf8.reduce(1) { $0 + ($1 == 10 ? 1 : 0) }
    if lines > Self.chipLines || text.utf8.count > Self.chipCharacters {
      insert([.chip(text)])
    } else {
      insert(text)
    }
  }

  private mutating func insert(_ new: [Element]) {
    elements.insert(contentsOf: new, at: cursor)
    cursor += new.count
    moved()
  }

  /// Puts the cursor before element `place`, kept within the draft.
  package mutating func move(to place: Int) {
    cursor = min(max(0, place), elements.count)
    moved()
  }

  /// Removes elements; the cursor stays where it was in the text.
  package mutating func remove(_ range: Range<Int>) {
    let range = range.clamped(to: 0..<elements.count)
    elements.removeSubrange(range)
    if cursor > range.upperBound { cursor -= range.count } else { cursor = min(cursor, range.lowerBound) }
    moved()
  }

  /// Removes elements and keeps them for `yank`. Kills that follow each other are kept as one.
  package mutating func kill(_ range: Range<Int>) {
    let range = range.clamped(to: 0..<elements.count)
    guard !range.isEmpty else { return }
    let taken = Array(elements[range])
    let joins = lastWasKill
    let isBefore = range.upperBound == cursor
    remove(range)
    killed = joins ? (isBefore ? taken + killed : killed + taken) : taken
    lastWasKill = true
  }

  /// Brings back what was killed.
  package mutating func yank() { insert(killed) }

  /// Empties the draft; what was killed stays.
  package mutating func clear() {
    elements = []
    cursor = 0
    moved()
  }

  private mutating func moved() {
    goalColumn = nil
    lastWasKill = false
  }
}
