import Basics

/// A model's chat template in Jinja, rendered as by `apply_chat_template` of the transformers library.
///
/// Parsed once, rendered any number of times, thread-safe. `trim_blocks` and `lstrip_blocks` are on; `break`,
/// `continue`, `raise_exception`, `strftime_now` and `{% generation %}` are supported; `tojson` writes as
/// Python's `json.dumps` without escaping HTML or non-ASCII characters. Parsing is linear in the source;
/// rendering takes about 0.2 microseconds for each step and fails at the limits in `Jinja.Limits`.
public struct ChatTemplate: Sendable {
  /// The template's source.
  public let source: String
  private let program: Jinja.Program

  /// Parses a template. Throws if it is not valid Jinja or includes other files.
  public init(source: String) throws(TemplateError) {
    self.source = source
    program = try Jinja.Parser.parse(source)
  }

  /// Renders a conversation as the prompt text for the model.
  ///
  /// - Parameters:
  ///   - messages: An array of objects with `role`, `content` and other keys that the template uses.
  ///   - tools: An array of function descriptions; nil if there are none.
  ///   - addGenerationPrompt: Whether the text ends with the header of the assistant's turn.
  ///   - variables: Other variables: `bos_token`, `eos_token`, `enable_thinking` and so on.
  ///   - now: The time for `strftime_now`.
  /// - Throws: `TemplateError` with the template's line.
  public func render(
    messages: JSON, tools: JSON? = nil, addGenerationPrompt: Bool = true, variables: [String: JSON] = [:],
    now: LocalTime = .now
  ) throws(TemplateError) -> String {
    var all: [String: JSON] = [
      "messages": messages, "tools": tools ?? .null, "documents": .null,
      "add_generation_prompt": .bool(addGenerationPrompt),
    ]
    all.merge(variables) { _, new in new }
    return try render(variables: all, now: now)
  }

  /// Renders with exactly these variables.
  public func render(variables: [String: JSON], now: LocalTime = .now) throws(TemplateError) -> String {
    let interpreter = Jinja.Interpreter(program, clock: now)
    var values: [String: Jinja.Value] = [:]
    for (name, json) in variables where uses(name) { values[name] = try interpreter.value(json) }
    return try interpreter.render(values)
  }

  /// Whether the template uses a variable of that name, such as `tools` or `enable_thinking`.
  public func uses(_ name: String) -> Bool { program.ids[name] != nil }
}
