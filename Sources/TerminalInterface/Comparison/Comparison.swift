import Conversation

/// Several answers to one message, side by side, of which the user picks one (`/best`, `/ask`).
package struct Comparison: Sendable {
  /// An answer: a column, or a tab on a narrow screen.
  package struct Answer: Sendable {
    package let id: MessageTree.ID
    /// The name of its model.
    package let model: String
    /// Its turn while it runs; nil when it is complete.
    package var turn: TurnProgress?
    /// Whether it existed before.
    package var isEarlier = false
  }

  /// In the order in which they are shown.
  package var answers: [Answer]
  /// The marked answer.
  package var selected = 0
  /// Rows by which the marked answer is scrolled up from its end.
  package var scroll = 0
  /// The state before, which is restored if no answer has a token.
  package let origin: TurnOrigin

  /// The numbers of answers that `/best` generates.
  package static let counts = 2...8

  package init(answers: [Answer], selected: Int = 0, origin: TurnOrigin) {
    self.answers = answers
    self.selected = selected
    self.origin = origin
  }

  /// Whether an answer is being generated.
  package var isRunning: Bool { answers.contains { $0.turn != nil } }

  /// The turn that the status line shows: that of the marked answer, otherwise any that runs.
  package var shownTurn: TurnProgress? { answers[selected].turn ?? answers.lazy.compactMap(\.turn).first }

  /// The place of the answer of a turn.
  package func place(ofTurn id: Int) -> Int? { answers.firstIndex { $0.turn?.id == id } }

  /// Marks another answer.
  package mutating func select(_ place: Int) {
    guard place != selected, answers.indices.contains(place) else { return }
    (selected, scroll) = (place, 0)
  }

  /// What the keys do, for the rule above the composer.
  package func hint(width: Int) -> String {
    let escape = isRunning ? "Esc stops" : "Esc keeps the first"
    let long = " ← → choose · Enter keeps · \(escape) "
    return CharacterWidth.columns(of: long) <= width ? long : " ← → · Enter · \(escape) "
  }
}

/// The meaning of an input while answers are compared.
package enum ComparisonDecision: Sendable, Equatable {
  case select(Int)
  case scroll(Int)
  case pick(Int)
  case stop
  /// The input has its usual meaning.
  case pass
  case nothing

  /// Rows of a page.
  private static let page = 10

  package static func decide(_ input: TerminalInput, _ comparison: Comparison) -> ComparisonDecision {
    let count = comparison.answers.count, selected = comparison.selected
    switch input {
    case .text(let text):
      guard let number = Int(text), (1...count).contains(number) else { return .nothing }
      return .select(number - 1)
    case .wheel(let rows): return .scroll(-rows)
    case .paste: return .nothing
    case .cursorReport, .background, .drag: return .pass
    case .key(let key):
      switch Keymap.action(for: key) {
      case .left, .completeBack: return .select((selected + count - 1) % count)
      case .right, .complete: return .select((selected + 1) % count)
      case .up, .lineUp: return .scroll(1)
      case .down, .lineDown: return .scroll(-1)
      case .pageUp: return .scroll(page)
      case .pageDown: return .scroll(-page)
      case .top: return .scroll(.max / 2)
      case .bottom: return .scroll(-.max / 2)
      case .send: return .pick(selected)
      case .escape, .interrupt: return comparison.isRunning ? .stop : .pick(0)
      case .suspend, .redraw, .toggleReasoning: return .pass
      default: return .nothing
      }
    }
  }
}
