import Basics
import Checkpoints
import Templates

extension ChatTemplate {
  /// The chat template of a model: from GGUF metadata, from `chat_template.jinja`, or from
  /// `tokenizer_config.json` (one text, or several with names).
  ///
  /// - Parameter forTools: prefer the template named "tool_use" where there are several.
  /// - Returns: the Jinja source; nil if the model has no template.
  /// - Throws: if a file is damaged.
  public static func source(in checkpoint: Checkpoint, forTools: Bool = false) throws -> String? {
    if let metadata = checkpoint.gguf {
      if forTools, let template = try metadata.optionalString("tokenizer.chat_template.tool_use") {
        return template
      }
      return try metadata.optionalString("tokenizer.chat_template")
    }
    if let file = try checkpoint.tokenizerFile("chat_template.jinja") {
      return file.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    }
    for name in ["tokenizer_config.json", "chat_template.json"] {
      guard let file = try checkpoint.tokenizerFile(name) else { continue }
      if let source = named(try JSON(parsing: file)["chat_template"], forTools: forTools) { return source }
    }
    return nil
  }

  /// The only template, or the one of several that fits.
  private static func named(_ value: JSON?, forTools: Bool) -> String? {
    guard let templates = value?.asArray else { return value?.asString }
    func template(_ name: String) -> String? {
      templates.first { $0["name"]?.asString == name }?["template"]?.asString
    }
    return (forTools ? template("tool_use") : nil) ?? template("default")
      ?? templates.first?["template"]?.asString
  }
}
