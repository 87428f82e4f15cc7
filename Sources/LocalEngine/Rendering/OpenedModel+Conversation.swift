import Basics
import Conversation
import Generation
import Models
import Templates
import Tokenization

// Rendering conversations as prompts, and the parser for the output of the model.
extension OpenedModel {
  /// A prompt and the parser for its answer.
  package struct Turn {
    package var prompt: Prompt
    package var reader: ReplyReader
    /// Limits the reasoning so that tokens remain for the answer; nil for models without reasoning.
    package var thoughtLimit: ThoughtLimit?
  }

  /// The turn for a conversation.
  ///
  /// - Parameters:
  ///   - messages: a JSON array of messages with `role` and `content`.
  ///   - variables: variables for the template, such as `reasoning_effort`.
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
      guard let tags = reasoningTags else { return Turn(prompt: prompt, reader: .plain) }
      let opens = tags.isOpen(atEndOf: prompt.text)
      return Turn(
        prompt: prompt, reader: reader(tags, startsInside: opens),
        thoughtLimit: ThoughtLimit(
          start: .text(tags.open), end: .text(tags.close), startsInside: opens,
          closing: tokenizer.encode(tags.closingText, addSpecial: false, parseSpecial: true)))
    }
  }

  /// The parser for output with these tags.
  /// - Parameter startsInside: whether the prompt ends inside the reasoning.
  func reader(_ tags: ReasoningParser.Tags, startsInside: Bool) -> ReplyReader {
    if tags.areRecipients { return .recipients(RecipientParser(inside: startsInside ? .reasoning : nil)) }
    let opening = tokenizer.specialTokens(in: tags.open)[0]
    return .tags(ReasoningParser(tags: tags, startsInside: startsInside), opening: opening)
  }

  /// The prompt for a conversation, with its special tokens separate from text.
  package func prompt(
    messages: JSON, addGenerationPrompt: Bool = true, _ variables: [String: JSON]
  ) throws -> Prompt {
    let messages = withDefaultSystem(messages)
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

  /// A conversation in the format of the model, as text.
  ///
  /// - Parameter source: a Jinja template that replaces the format of the model.
  package func render(
    messages: JSON, tools: JSON? = nil, addGenerationPrompt: Bool = true, variables: [String: JSON] = [:],
    template source: String? = nil
  ) throws -> String {
    let messages = source == nil ? withDefaultSystem(messages) : messages
    if source == nil, format == .harmony {
      return try harmony(messages, tools: tools, variables).segments(completing: addGenerationPrompt).text
    }
    var all = Self.variables(of: tokenizer)
    all.merge(variables) { $1 }
    let (template, forms) = try templates.template(source ?? templateSource(forTools: tools != nil), all)
    // Another template gets the messages as they are: its text is compared with jinja2's.
    let named = ChatTemplate.withReasoningNames(messages)
    return try template.render(
      messages: source == nil ? forms.adapting(named) : named, tools: tools,
      addGenerationPrompt: addGenerationPrompt, variables: all)
  }

  /// The messages after the system message that the manifest of an Ollama model sets, unless they start with their own.
  private func withDefaultSystem(_ messages: JSON) -> JSON {
    guard let system = checkpoint.ollama?.system, let all = messages.asArray,
      !["system", "developer"].contains(all.first?["role"]?.asString)
    else { return messages }
    return .array([["role": "system", "content": .string(system)]] + all)
  }

  /// The supported levels of reasoning effort; empty if the model has none.
  func efforts() -> [String] {
    if format == .harmony { return HarmonyEffort.allCases.map(\.rawValue) }
    let source = try? templateSource(forTools: false)
    return source?.contains("reasoning_effort") == true ? HarmonyEffort.allCases.map(\.rawValue) : []
  }

  /// The tags around the reasoning; nil if the template has none.
  var reasoningTags: ReasoningParser.Tags? {
    (try? templateSource(forTools: false)).flatMap { ReasoningParser.Tags.used(in: $0) }
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
