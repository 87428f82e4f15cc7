import Basics
import Generation

// What a conversation's next prompt will begin with, whatever the person writes. Found by rendering it with two
// different messages and keeping what both have in common, so that it holds for every template: those that
// drop earlier thoughts, trim, or write a date.
extension OpenedModel {
  /// The beginning of the prompt that will come when the person's next message begins with `draft`.
  ///
  /// - Parameter messages: the conversation before that message.
  package func beginning(
    messages: [JSON], draft: String = "", variables: [String: JSON] = [:]
  ) throws -> Prompt {
    func prompt(_ ending: String) throws -> Prompt {
      let message: JSON = ["role": "user", "content": .string(draft + ending)]
      return try self.prompt(messages: .array(messages + [message]), variables)
    }
    return try prompt("a").commonBeginning(with: prompt("b"))
  }

  /// The part of a draft that its next letters will not change: what lies before the last word. Of a text
  /// without spaces the last letters are left out.
  static func stablePart(of draft: String) -> String {
    let longestWord = 24
    let end = draft.lastIndex(where: \.isWhitespace) ?? draft.startIndex
    let word = draft[end...]
    guard word.count > longestWord else {
      return String(draft[..<end].trimmingSuffix(while: \.isWhitespace))
    }
    return String(draft.dropLast(longestWord / 2))
  }
}

extension StringProtocol {
  /// Without the characters at the end for which `isLeft` holds.
  fileprivate func trimmingSuffix(while isLeft: (Character) -> Bool) -> SubSequence {
    var end = endIndex
    while end > startIndex, isLeft(self[index(before: end)]) { end = index(before: end) }
    return self[..<end]
  }
}
