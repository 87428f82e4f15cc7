/// The earlier and later states of the draft, for undo and redo. Typed characters are combined up to the next space.
package struct DraftEdits: Sendable, Equatable {
  private var earlier: [Draft] = []
  private var later: [Draft] = []
  private var isTyping = false

  /// The number of states that are kept.
  package static let limit = 200

  package init() {}

  /// Records a change of the draft.
  package mutating func record(_ before: Draft, _ after: Draft) {
    later = []
    let typed = Self.typedCharacter(before, after)
    let continues = typed != nil && isTyping && !earlier.isEmpty
    isTyping = typed.map { !$0.isWhitespace } ?? false
    if continues { return }
    earlier.append(before)
    if earlier.count > Self.limit { earlier.removeFirst() }
  }

  /// The state before the last change; nil for none.
  package mutating func undo(_ current: Draft) -> Draft? {
    isTyping = false
    guard let last = earlier.popLast() else { return nil }
    later.append(current)
    return last
  }

  /// The state after the change that was undone last; nil for none.
  package mutating func redo(_ current: Draft) -> Draft? {
    isTyping = false
    guard let next = later.popLast() else { return nil }
    earlier.append(current)
    return next
  }

  private static func typedCharacter(_ before: Draft, _ after: Draft) -> Character? {
    guard after.elements.count == before.elements.count + 1, after.cursor == before.cursor + 1,
      case .character(let character) = after.elements[before.cursor]
    else { return nil }
    return character
  }
}
