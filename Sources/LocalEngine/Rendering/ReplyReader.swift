import Conversation

/// Separates the output of a model into reasoning and answer, according to its format.
package enum ReplyReader {
  /// The whole output is the answer.
  case plain
  /// The reasoning is between tags.
  /// `opening` is the special token of the opening tag; nil if the model has none.
  case tags(ReasoningParser, opening: Int32? = nil)
  /// The reasoning and the answer are messages to recipients.
  case recipients(RecipientParser)
  case harmony(HarmonyParser)

  /// Processes a token and the text that it completes.
  package mutating func process(id: Int32, text: String) -> [(channel: Channel, text: String)] {
    switch self {
    case .plain: return text.isEmpty ? [] : [(.answer, text)]
    case .tags(var parser, let opening):
      let pieces = parser.process(text, endsWithOpeningToken: id == opening)
      self = .tags(parser, opening: opening)
      return pieces
    case .recipients(var parser):
      let pieces = parser.process(text)
      self = .recipients(parser)
      return pieces
    case .harmony(var parser):
      var events = parser.process(.text(text))
      if let marker = HarmonyMarker(token: id) { events += parser.process(.marker(marker)) }
      self = .harmony(parser)
      return events.compactMap(Self.piece)
    }
  }

  /// Processes the end of the output.
  package mutating func finish() -> [(channel: Channel, text: String)] {
    switch self {
    case .plain: return []
    case .tags(var parser, let opening):
      let pieces = parser.finish()
      self = .tags(parser, opening: opening)
      return pieces
    case .recipients(var parser):
      let pieces = parser.finish()
      self = .recipients(parser)
      return pieces
    case .harmony(var parser):
      let events = parser.finish()
      self = .harmony(parser)
      return events.compactMap(Self.piece)
    }
  }

  /// A tool call is shown as text, because the chat provides no tools.
  private static func piece(_ event: HarmonyEvent) -> (channel: Channel, text: String)? {
    switch event {
    case .text(let text, .reasoning): (.reasoning, text)
    case .text(let text, .answer), .text(let text, .preamble): (.answer, text)
    case .call(let call): (.answer, "\n[calls \(call.recipient): \(call.arguments)]\n")
    case .began, .ended, .text: nil
    }
  }
}
