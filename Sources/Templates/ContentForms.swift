import Basics

/// In which form a template accepts the content of messages: as a string or as a list of parts.
///
/// Templates of multimodal models iterate over `content` as a list such as `[{"type": "text", "text": …}]`; given a
/// string, some of them leave it out without an error. Others print a list as Python would. Found by rendering
/// short conversations once for each template and each role; content in the other form is then converted.
public struct ContentForms: Sendable, Equatable {
  /// The form that a role's messages need.
  enum Form: Sendable { case either, string, parts }

  private(set) var forms: [String: Form] = [:]

  /// Probes a template.
  /// - Parameter variables: as for rendering, such as `bos_token`.
  public init(of template: ChatTemplate, variables: [String: JSON] = [:]) {
    // A role's form is found with the other roles in theirs.
    for (role, conversation) in Self.conversations {
      let known = self
      let shows = { (content: JSON) in
        Self.shows(content, of: role, in: conversation, template, variables, known)
      }
      switch (shows(.string(Self.probe)), shows(Self.parts(Self.probe))) {
      case (true, true): forms[role] = .either
      case (true, false): forms[role] = .string
      case (false, true): forms[role] = .parts
      // The template rejects the role, or the conversation.
      case (false, false): break
      }
    }
  }

  /// The messages with content in the form that the template accepts.
  public func adapting(_ messages: JSON) -> JSON {
    guard case .array(let list) = messages else { return messages }
    return .array(list.map { adapting(message: $0) })
  }

  private func adapting(message: JSON) -> JSON {
    guard case .object(var object) = message, let role = object["role"]?.asString else { return message }
    switch (forms[role] ?? forms["user"] ?? .either, object["content"]) {
    case (.parts, .string(let text)?): object["content"] = Self.parts(text)
    case (.string, .array(let parts)?):
      let texts = parts.compactMap { $0.asString ?? $0["text"]?.asString }
      object["content"] = .string(texts.joined(separator: "\n"))
    default: break
    }
    return .object(object)
  }

  private static let probe = "qxprobezj"

  private static func parts(_ text: String) -> JSON { [["type": "text", "text": .string(text)]] }

  /// For each role the roles of a conversation in which it comes last or before the last user message.
  private static let conversations: [(role: String, roles: [String])] = [
    ("user", ["user"]), ("system", ["system", "user"]), ("assistant", ["user", "assistant", "user"]),
  ]

  private static func shows(
    _ content: JSON, of role: String, in roles: [String], _ template: ChatTemplate,
    _ variables: [String: JSON],
    _ known: ContentForms
  ) -> Bool {
    let messages = roles.map { other -> JSON in
      let message: JSON = ["role": .string(other), "content": other == role ? content : "x"]
      return other == role ? message : known.adapting(message: message)
    }
    guard let text = try? template.render(messages: .array(messages), variables: variables) else {
      return false
    }
    // A list printed as Python or JSON would contain its keys.
    return text.contains(probe) && !text.contains("'text'") && !text.contains("\"text\"")
  }
}
