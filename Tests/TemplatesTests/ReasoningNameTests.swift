import Basics
import Templates
import Testing

/// A message's reasoning under the keys that templates read.
struct ReasoningNameTests {
  @Test func reasoningIsCopiedToEveryKey() {
    let given: JSON = [
      ["role": "assistant", "reasoning": "r"], ["role": "assistant", "thinking": "t"], ["role": "user"],
    ]
    #expect(
      ChatTemplate.withReasoningNames(given) == [
        ["role": "assistant", "reasoning": "r", "thinking": "r", "reasoning_content": "r"],
        ["role": "assistant", "thinking": "t", "reasoning_content": "t"], ["role": "user"],
      ])
  }
}
