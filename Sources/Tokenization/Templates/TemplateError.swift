/// Why a chat template cannot be read or rendered: what went wrong, on which line, and what to do.
public struct TemplateError: Error, Equatable, Sendable, CustomStringConvertible {
  /// What sort of trouble it is.
  public enum Kind: Sendable, Equatable {
    /// The template is not valid Jinja.
    case syntax
    /// Valid Jinja that chat templates may not use, such as `include`.
    case unsupported
    /// A value that does not exist was used for more than printing or testing.
    case undefined
    /// An operation got a value of a kind it does not take.
    case type
    /// An operation got a value of the right kind that it cannot use, such as a zero to divide by.
    case value
    /// The template itself called `raise_exception`: usually the messages are in an order it refuses.
    case raised
    /// The template wanted more steps, memory or nesting than a template may have.
    case limit
  }

  /// What sort of trouble it is.
  public let kind: Kind
  /// What happened, in words.
  public let message: String
  /// The line of the template, from 1.
  public let line: Int

  init(_ kind: Kind, _ message: String, line: Int) {
    self.kind = kind
    self.message = message
    self.line = line
  }

  /// One line: place, cause and mend.
  public var description: String {
    switch kind {
    case .syntax: "chat template, line \(line): \(message); mend the template or pass another"
    case .unsupported: "chat template, line \(line): \(message)"
    case .undefined, .type, .value:
      "chat template, line \(line): \(message); the template does not suit these messages, tools or options"
    case .raised: "the chat template refuses this conversation (line \(line)): \(message)"
    case .limit:
      "chat template, line \(line): \(message); a template that needs this much is broken or hostile"
    }
  }
}
