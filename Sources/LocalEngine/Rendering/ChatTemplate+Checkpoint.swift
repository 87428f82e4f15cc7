import Basics
import Checkpoints
import Templates

extension ChatTemplate {
  /// The chat template of a model: from GGUF metadata, from the family of an Ollama model's template, from
  /// `chat_template.jinja`, or from
  /// `tokenizer_config.json` (one text, or several with names).
  ///
  /// - Parameter forTools: prefer the template named "tool_use" where there are several.
  /// - Returns: the Jinja source; nil if the model has no template or a blank one.
  /// - Throws: if a file is damaged.
  public static func source(in checkpoint: Checkpoint, forTools: Bool = false) throws -> String? {
    if let metadata = checkpoint.gguf {
      let tools = forTools ? try metadata.optionalString("tokenizer.chat_template.tool_use") : nil
      let usual = try metadata.optionalString("tokenizer.chat_template")
      return nonBlank(tools) ?? nonBlank(usual)
        ?? checkpoint.ollama?.template.flatMap { OllamaTemplate.family(of: $0)?.source }
    }
    if let source = nonBlank(try templateFile(of: checkpoint)) { return source }
    for name in ["tokenizer_config.json", "chat_template.json"] {
      guard let file = try checkpoint.tokenizerFile(name) else { continue }
      if let source = named(try JSON(parsing: file)["chat_template"], forTools: forTools) { return source }
    }
    return nil
  }

  /// The text of chat_template.jinja. An empty file is a blank template.
  private static func templateFile(of checkpoint: Checkpoint) throws(FileError) -> String? {
    let file: Bytes?
    do { file = try checkpoint.tokenizerFile("chat_template.jinja") } catch {
      if error.kind == .truncated { return nil }
      throw error
    }
    return file?.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
  }

  /// The only template, or the one of several that fits; nil if it is blank.
  private static func named(_ value: JSON?, forTools: Bool) -> String? {
    guard let templates = value?.asArray else { return nonBlank(value?.asString) }
    func template(_ name: String) -> String? {
      nonBlank(templates.first { $0["name"]?.asString == name }?["template"]?.asString)
    }
    return (forTools ? template("tool_use") : nil) ?? template("default")
      ?? templates.lazy.compactMap { nonBlank($0["template"]?.asString) }.first
  }

  /// A template without content counts as none: it would render every conversation as an empty prompt.
  private static func nonBlank(_ source: String?) -> String? {
    source.flatMap { $0.allSatisfy(\.isWhitespace) ? nil : $0 }
  }
}
