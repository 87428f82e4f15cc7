import Basics
import Foundation

/// The measurements of one turn of a scripted conversation, with and without a cache.
struct ConversationTurn {
  /// The action of the user.
  enum Kind: String {
    case append
    /// The second turn of a conversation whose first turn is as long as all previous turns: the cost of a turn with this
    /// context length, independent of the number of turns.
    case secondTurn = "second_turn"
    case editLast = "edit_last"
    case regenerate
    case editThreeBack = "edit_three_back"
    case switchAway = "switch_away"
    case switchBack = "switch_back"
    case reasoning
    case reasoningStripped = "reasoning_stripped"
    case longMessage = "long_message"
    case typedAhead = "typed_ahead"
    /// A draft that rested before it was sent: its whole prompt was prefilled.
    case rested
    /// The same, but its last words were changed before it was sent.
    case restedAndEdited = "rested_and_edited"
    case restart
  }

  var kind: Kind
  var promptTokens: Int
  var reused: Int
  var how: String
  /// In seconds.
  var timeToFirstToken: Double
  /// In seconds; nil if it was not measured.
  var coldTimeToFirstToken: Double?

  var read: Int { promptTokens - reused }

  func json() -> JSON {
    [
      "kind": .string(kind.rawValue),
      "prompt_tokens": .integer(promptTokens),
      "reused": .integer(reused),
      "read": .integer(read),
      "how": .string(how),
      "ttft_ms": .number(timeToFirstToken * 1000),
      "cold_ttft_ms": coldTimeToFirstToken.map { .number($0 * 1000) } ?? .null,
    ]
  }

  /// The measurements as a table.
  static func table(_ turns: [ConversationTurn]) -> String {
    func row(_ cells: [String]) -> String {
      let widths = [5, 18, 8, 8, 7, 12, 11, 12]
      return zip(cells, widths).map { String(repeating: " ", count: max(1, $1 - $0.count)) + $0 }.joined()
        + "\n"
    }
    var text = row(["turn", "kind", "prompt", "reused", "read", "how", "TTFT ms", "cold ms"])
    for (index, turn) in turns.enumerated() {
      text += row([
        String(index + 1), turn.kind.rawValue, String(turn.promptTokens), String(turn.reused),
        String(turn.read), turn.how, String(format: "%.1f", turn.timeToFirstToken * 1000),
        turn.coldTimeToFirstToken.map { String(format: "%.1f", $0 * 1000) } ?? "-",
      ])
    }
    return text
  }
}
