import Basics
import Conversation
import Generation
import Models
import Templates
import Tokenization

// How a conversation is put into the model's own words, and how its output is read.
extension OpenedModel {
  /// What a model reads before it answers, and how to read what it says then.
  package struct Turn {
    package var prompt: Prompt
    package var reader: ReplyReader
    /// Sees to it that thoughts leave room for an answer.
    package var thoughtLimit: ThoughtLimit?
  }

  /// A conversation ready for generation.
  ///
  /// - Parameters:
  ///   - messages: a JSON array of messages with `role` and `content`.
  ///   - variables: for the template, such as `reasoning_effort`.
  package func turn(messages: JSON, variables: [String: JSON] = [:]) throws -> Turn {
    let prompt = try prompt(messages: messages, variables)
    switch format {
    case .harmony:
      let encode = { tokenizer.encode($0, addSpecial: false, parseSpecial: false) }
      return Turn(
        prompt: prompt, reader: .harmony(HarmonyParser()),
        thoughtLimit: ThoughtLimit(
          start: .tokens(HarmonyRenderer.thoughtStart.tokens(encode: encode)),
          end: .tokens(HarmonyRenderer.thoughtEnd.tokens(encode: encode)),
          closing: HarmonyRenderer.answerNow.tokens(encode: encode)))
    case .template:
      guard let tags = ReasoningParser.Tags.used(in: try templateSource(forTools: false)) else {
        return Turn(prompt: prompt, reader: .plain)
      }
      let opens = tags.isOpen(atEndOf: prompt.text)
      let opening = tokenizer.specialTokens(in: tags.open)[0]
      return Turn(
        prompt: prompt,
        reader: .tags(ReasoningParser(tags: tags, startsInside: opens), opening: opening),
        thoughtLimit: ThoughtLimit(
          start: .text(tags.open), end: .text(tags.close), startsInside: opens,
          closing: tokenizer.encode(
            "\n" + tags.close + "\n\n", addSpecial: false, parseSpecial: true)))
    }
  }

  /// A conversation as the model's own pieces.
  package func prompt(
    messages: JSON, addGenerationPrompt: Bool = true, _ variables: [String: JSON]
  ) throws -> Prompt {
    switch format {
    case .harmony:
      let segments = try harmony(messages, tools: nil, variables).segments(completing: addGenerationPrompt)
      return Prompt(
        .segments(
          segments.compactMap { segment in
            switch segment {
            case .text(let text): .text(text)
            case .marker(let marker): marker.token.map { .token($0) }
            }
          }))
    case .template:
      func render(_ messages: JSON) throws -> String {
        try self.render(messages: messages, addGenerationPrompt: addGenerationPrompt, variables: variables)
      }
      guard let quoted = QuotedTokens(messages, tokenizer) else { return .rendered(try render(messages)) }
      return Prompt(.rendered(quoted.unmarked(try render(quoted.messages))))
    }
  }

  /// A conversation as the model gets it, as text.
  ///
  /// - Parameter source: a Jinja template to take instead of the model's own format.
  package func render(
    messages: JSON, tools: JSON? = nil, addGenerationPrompt: Bool = true, variables: [String: JSON] = [:],
    template source: String? = nil
  ) throws -> String {
    if source == nil, format == .harmony {
      return try harmony(messages, tools: tools, variables).segments(completing: addGenerationPrompt).text
    }
    var all = Self.variables(of: tokenizer)
    all.merge(variables) { $1 }
    let (template, forms) = try templates.template(source ?? templateSource(forTools: tools != nil), all)
    return try template.render(
      messages: forms.adapting(ChatTemplate.withReasoningNames(messages)), tools: tools,
      addGenerationPrompt: addGenerationPrompt, variables: all)
  }

  /// The levels of effort that the model can be asked for; empty where it cannot.
  func efforts() -> [String] {
    if format == .harmony { return HarmonyEffort.allCases.map(\.rawValue) }
    let source = try? templateSource(forTools: false)
    return source?.contains("reasoning_effort") == true ? HarmonyEffort.allCases.map(\.rawValue) : []
  }

  private var format: ConversationFormat { Registry.conversationFormat(of: checkpoint) }

  private func harmony(
    _ messages: JSON, tools: JSON?, _ variables: [String: JSON]
  ) throws -> HarmonyConversation {
    let today = LocalTime.now.formatted("%Y-%m-%d")
    return try HarmonyConversation(
      messages: messages, tools: tools, system: HarmonySystem(options: variables, today: today))
  }

  private func templateSource(forTools: Bool) throws -> String {
    let source = forTools ? try ChatTemplate.source(in: checkpoint, forTools: true) : ownTemplate
    return source ?? fallback?.source ?? ""
  }

  /// The special tokens that templates use.
  static func variables(of tokenizer: Tokenizer) -> [String: JSON] {
    func text(_ token: Int32?) -> JSON {
      .string(token.map { String(decoding: tokenizer.bytes(of: $0), as: UTF8.self) } ?? "")
    }
    return ["bos_token": text(tokenizer.bosToken), "eos_token": text(tokenizer.eosToken)]
  }
}
