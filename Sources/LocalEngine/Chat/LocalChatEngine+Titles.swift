import Conversation
import Generation
import Tokenization

// Titles of conversations, proposed by the model.
extension LocalChatEngine {
  /// The most tokens of a title; those of a longer reply are dropped.
  private static let titleTokens = 32

  func proposeTitle(_ request: ChatRequest) async -> String? {
    guard let current else { return nil }
    let messages = request.messages + [Message(role: .user, content: SessionTitle.request)]
    guard current.mayFit(messages),
      let turn = try? current.model.turn(
        messages: .array(messages.map(\.json)), variables: request.settings.templateVariables)
    else { return nil }
    // A title needs no reasoning, which would cost more than all else.
    let answering = current.model.withoutReasoning(turn)
    let text = Self.answerText(answering.reader, current.model)
    let tokens = await generator.aside(current.key, answering.prompt, limit: Self.titleTokens) { tokens in
      // A title has one line.
      text(tokens).drop(while: \.isWhitespace).contains(where: \.isNewline)
    }
    return tokens.map(text)
  }

  nonisolated func cancelTitle() { generator.stopAside() }

  /// The text of an answer's tokens, up to the first stop string.
  private static func answerText(
    _ reader: ReplyReader, _ model: OpenedModel
  ) -> @Sendable ([Int32]) -> String {
    { tokens in
      var (decoder, reader) = (StreamingDecoder(model.tokenizer, skipSpecial: true), reader)
      var pieces: [(channel: Channel, text: String)] = []
      for id in tokens { pieces += reader.process(id: id, text: decoder.feed(id)) }
      pieces += reader.finish()
      var text = pieces.reduce(into: "") { if $1.channel == .answer { $0 += $1.text } }
      for stop in model.stopStrings {
        if let range = text.firstRange(of: stop) { text.removeSubrange(range.lowerBound...) }
      }
      return text
    }
  }
}
