import Basics

/// Why a chat template cannot be parsed or rendered: the problem, the line, and what to do.
public struct TemplateError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The kind of error.
  public enum Kind: Sendable, Equatable {
    /// The template is not valid Jinja.
    case syntax
    /// Valid Jinja that chat templates may not use, such as `include`.
    case unsupported
    /// An undefined value was used for more than printing or testing.
    case undefined
    /// An operation does not accept a value of this type.
    case type
    /// An operation does not accept this value, such as a zero divisor.
    case value
    /// The template called `raise_exception`, usually because it does not accept the order of the messages.
    case raised
    /// The template exceeded a limit on steps, memory or nesting.
    case limit
  }

  /// The kind of error.
  public let kind: Kind
  /// The description.
  public let message: String
  /// The line of the template, from 1.
  public let line: Int

  init(_ kind: Kind, _ message: String, line: Int) {
    self.kind = kind
    self.message = message
    self.line = line
  }

  /// The error as one line: location, problem and advice. Control characters of the template are escaped.
  public var description: String { printable(text, limit: 2000) }

  private var text: String {
    switch kind {
    case .syntax: "chat template, line \(line): \(message); fix the template or use another one"
    case .unsupported: "chat template, line \(line): \(message)"
    case .undefined, .type, .value:
      "chat template, line \(line): \(message); the template does not support these messages, tools or options"
    case .raised: "the chat template rejects this conversation (line \(line)): \(message)"
    case .limit:
      "chat template, line \(line): \(message); a template that needs this much is broken or hostile"
    }
  }
}
