import Basics

extension ChatTemplate {
  /// Copies a message's reasoning to every key that templates read, as transformers does: `reasoning_content`
  /// and `thinking` are set from whichever of those or `reasoning` is present.
  public static func withReasoningNames(_ messages: JSON) -> JSON {
    guard case .array(let list) = messages else { return messages }
    return .array(
      list.map { message in
        guard case .object(var object) = message else { return message }
        let names = ["reasoning_content", "thinking", "reasoning"]
        guard let reasoning = names.lazy.compactMap({ object[$0] }).first(where: { !$0.isNull }) else {
          return message
        }
        if object["thinking"] == nil { object["thinking"] = reasoning }
        object["reasoning_content"] = reasoning
        return .object(object)
      })
  }
}
