import Basics
import Generation

// The stable prefix of the next prompt of a conversation, independent of the next message. It is the common prefix of two
// renderings with different messages, which is correct for every template, including those that drop earlier reasoning,
// trim messages or insert a date.
extension OpenedModel {
  /// The common prefix of all prompts whose next user message starts with `draft`.
  ///
  /// - Parameter messages: the conversation before that message.
  package func stablePrefix(
    messages: [JSON], draft: String = "", variables: [String: JSON] = [:]
  ) throws -> Prompt {
    func prompt(_ ending: String) throws -> Prompt {
      let message: JSON = ["role": "user", "content": .string(draft + ending)]
      return try self.prompt(messages: .array(messages + [message]), variables)
    }
    return try prompt("a").commonBeginning(with: prompt("b"))
  }

  /// The part of a draft whose tokens do not change with the next characters: all but the last word, or all but the last
  /// characters of a text without spaces.
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
  /// This text without the trailing characters that satisfy `isTrimmed`.
  fileprivate func trimmingSuffix(while isTrimmed: (Character) -> Bool) -> SubSequence {
    var end = endIndex
    while end > startIndex, isTrimmed(self[index(before: end)]) { end = index(before: end) }
    return self[..<end]
  }
}
