import Checkpoints

/// The chat template that a model brings along, and the special strings it prints.
///
/// A pure decision over what was read elsewhere: the parts of `tokenizer_config.json`, a
/// `chat_template.jinja` beside it, or a GGUF file's metadata.
public struct ModelTemplate: Sendable, Equatable {
  /// The template for conversations without tools; nil where the model has none.
  public var source: String?
  /// The template for conversations with tools, where the model has another for them.
  public var toolSource: String?
  /// What `bos_token` prints: the text that begins a sequence.
  public var bosToken: String?
  /// What `eos_token` prints: the text that ends a sequence.
  public var eosToken: String?
  /// Other special strings by their variable's name, such as `pad_token`.
  public var otherTokens: [String: String] = [:]

  /// A template that was read elsewhere, as from GGUF's `tokenizer.chat_template`, `tokenizer.chat_template.tool_use`
  /// and the tokens that `tokenizer.ggml.bos_token_id` and `eos_token_id` name.
  public init(
    source: String?, toolSource: String? = nil, bosToken: String? = nil, eosToken: String? = nil
  ) {
    self.source = source
    self.toolSource = toolSource
    self.bosToken = bosToken
    self.eosToken = eosToken
  }

  /// The template of a folder with `tokenizer_config.json`.
  ///
  /// - Parameters:
  ///   - configuration: The content of `tokenizer_config.json`.
  ///   - file: The text of `chat_template.jinja`, which wins over the configuration.
  ///   - specialTokens: The content of `special_tokens_map.json`, for tokens missing in the configuration.
  public init(configuration: JSON, file: String? = nil, specialTokens: JSON? = nil) {
    self.init(source: nil)
    switch configuration["chat_template"] {
    case .string(let text)?: source = text
    case .array(let named)?:
      for entry in named { read(name: entry["name"]?.asString, source: entry["template"]?.asString) }
    case .object(let named)?:
      for (name, template) in named { read(name: name, source: template.asString) }
    default: break
    }
    if let file { source = file }
    for map in [specialTokens, configuration] {
      guard case .object(let entries)? = map else { continue }
      for (name, value) in entries where name.hasSuffix("_token") {
        guard let text = Self.text(value) else { continue }
        switch name {
        case "bos_token": bosToken = text
        case "eos_token": eosToken = text
        default: otherTokens[name] = text
        }
      }
    }
  }

  /// The source for a conversation with or without tools; nil where the model has no template.
  public func source(withTools: Bool) -> String? {
    withTools ? toolSource ?? source : source ?? toolSource
  }

  /// The variables for `ChatTemplate.render`: the special strings.
  public var variables: [String: JSON] {
    var variables = otherTokens.mapValues(JSON.string)
    if let bosToken { variables["bos_token"] = .string(bosToken) }
    if let eosToken { variables["eos_token"] = .string(eosToken) }
    return variables
  }

  private mutating func read(name: String?, source: String?) {
    switch name {
    case "tool_use": toolSource = source
    case "default": self.source = source
    default: if self.source == nil { self.source = source }
    }
  }

  /// A token written as a string or as an object with `content`.
  private static func text(_ value: JSON) -> String? { value.asString ?? value["content"]?.asString }
}

extension ChatTemplate {
  /// Messages whose reasoning is found under every name that templates read, as transformers hands them over:
  /// `reasoning_content` and `thinking` are filled from whichever of those or `reasoning` is there.
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
