import Conversation
import Generation
import Tokenization

// Continuing an incomplete answer: its text becomes the end of the prompt, in the format of the model.
extension OpenedModel {
  /// The turn that continues `answer`.
  ///
  /// - Parameter turn: the turn of the conversation before the answer.
  func continuing(_ turn: Turn, with answer: Message) -> Turn {
    var turn = turn
    let isAnswering = !answer.content.isEmpty
    switch turn.reader {
    case .plain: append(answer.content, to: &turn.prompt)
    case .tags, .recipients:
      guard let tags = reasoningTags else { break }
      let isOpen = tags.isOpen(atEndOf: turn.prompt.text)
      if isOpen || !answer.reasoning.isEmpty {
        if !isOpen { append(tags.openingText, to: &turn.prompt, isFormat: true) }
        append(answer.reasoning, to: &turn.prompt)
        if isAnswering { append(tags.closingText, to: &turn.prompt, isFormat: true) }
      } else if isAnswering {
        append(tags.answerText, to: &turn.prompt, isFormat: true)
      }
      append(answer.content, to: &turn.prompt)
      turn.reader = isAnswering ? answerReader(tags) : reader(tags, startsInside: true)
      if isAnswering { turn.thoughtLimit = nil } else { turn.thoughtLimit?.startsInside = true }
    case .harmony:
      var segments: [HarmonySegment] = []
      if !answer.reasoning.isEmpty {
        segments += HarmonyRenderer.thoughtStart + [.text(answer.reasoning)]
        if isAnswering { segments += HarmonyRenderer.answerNow }
      } else {
        segments += [.marker(.channel), .text("final"), .marker(.message)]
      }
      if isAnswering { segments.append(.text(answer.content)) }
      if case .segments(let before) = turn.prompt.content {
        turn.prompt.content = .segments(
          before
            + segments.compactMap { segment -> PromptSegment? in
              switch segment {
              case .text(let text): .text(text)
              case .marker(let marker): marker.token.map { .token($0) }
              }
            })
      }
      let isReasoning = !isAnswering && !answer.reasoning.isEmpty
      turn.reader = .harmony(HarmonyParser(inside: isReasoning ? .reasoning : .answer))
      if isReasoning { turn.thoughtLimit?.startsInside = true } else { turn.thoughtLimit = nil }
    }
    return turn
  }

  /// The turn whose reply is an answer without reasoning: the reasoning is closed before the reply starts.
  func withoutReasoning(_ turn: Turn) -> Turn {
    switch turn.reader {
    case .plain: return turn
    case .harmony: return continuing(turn, with: Message(role: .assistant, content: ""))
    case .tags, .recipients:
      guard let tags = reasoningTags else { return turn }
      var turn = turn
      let isOpen = tags.isOpen(atEndOf: turn.prompt.text)
      append(tags.skippingText(isOpen: isOpen), to: &turn.prompt, isFormat: true)
      (turn.reader, turn.thoughtLimit) = (answerReader(tags), nil)
      return turn
    }
  }

  /// The parser for output within an answer, in which a tag is text; other messages may follow it.
  private func answerReader(_ tags: ReasoningParser.Tags) -> ReplyReader {
    tags.areRecipients ? .recipients(RecipientParser(inside: .answer)) : .plain
  }

  /// Appends text to a rendered prompt; special tokens in it are recognised only if it is part of the format.
  private func append(_ text: String, to prompt: inout Prompt, isFormat: Bool = false) {
    guard case .rendered(var rendered) = prompt.content else { return }
    let offset = rendered.text.utf8.count
    rendered.text += text
    if !isFormat {
      rendered.quoted += tokenizer.specialTokens(in: text).keys.sorted().map { offset + $0 }
    }
    prompt.content = .rendered(rendered)
  }
}
