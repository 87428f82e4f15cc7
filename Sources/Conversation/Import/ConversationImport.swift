import Basics

/// Reads conversations that Sotto or another program exported.
///
/// The formats: Sotto's JSON and Markdown; the requests of Ollama and of programs with the same form, one object, an
/// array of them, or one a line (`{"model": ..., "messages": [{"role": ..., "content": ...}]}`); the Modelfile of a
/// conversation that Ollama saved; and the `conversations.json` of a ChatGPT export, with all branches.
public enum ConversationImport {
  /// A conversation in a file.
  public struct Imported: Sendable, Equatable {
    /// The title; nil for the first words.
    public var title: String?
    /// The model that answered; nil if the file does not name one.
    public var model: String?
    /// The messages.
    public var tree: MessageTree
  }

  /// A text that contains no conversations, with the reason.
  public struct Problem: Error, CustomStringConvertible, Equatable {
    /// The reason.
    public let description: String
  }

  /// The conversations in a text; those without messages are left out.
  /// - Throws: `Problem`.
  public static func read(_ text: String) throws(Problem) -> [Imported] {
    let start = text.drop { $0.isWhitespace || $0 == "\u{FEFF}" }.first
    guard start == "{" || start == "[" else {
      guard let read = MarkdownImport.read(text) ?? ModelfileImport.read(text) else {
        throw Problem(
          description:
            "neither JSON, nor Markdown of 'sotto sessions export', nor an Ollama Modelfile with messages")
      }
      return [read]
    }
    var found: [Imported] = []
    for object in try objects(in: text) {
      let read = object["mapping"] != nil ? ChatGPTImport.read(object) : try messages(of: object)
      if let read { found.append(read) }
    }
    guard !found.isEmpty else { throw Problem(description: "no conversation with messages in it") }
    return found
  }

  private static func objects(in text: String) throws(Problem) -> [JSON] {
    do {
      let json = try JSON(parsing: text)
      guard let array = json.asArray else { return [json] }
      // An array of messages is one conversation.
      return array.first?["role"] != nil ? [["messages": json]] : array
    } catch {
      // One object a line.
      let lines = text.split { $0.isNewline }.filter { !$0.allSatisfy(\.isWhitespace) }
      var result: [JSON] = []
      for line in lines.prefix(100_000) {
        guard lines.count > 1, let object = try? JSON(parsing: String(line)) else {
          throw Problem(description: "not JSON: \(error)")
        }
        result.append(object)
      }
      return result
    }
  }

  private static func messages(of object: JSON) throws(Problem) -> Imported? {
    guard let items = object["messages"]?.asArray else {
      throw Problem(description: "an object has neither 'messages' nor 'mapping'")
    }
    var tree = MessageTree()
    let model = object["model"]?.asString
    for item in items {
      guard let role = item["role"]?.asString.flatMap(Role.init) else {
        throw Problem(description: "a message has no role such as user or assistant")
      }
      let content = text(of: item["content"])
      if role == .system, tree.isEmpty {
        tree.systemPrompt = [tree.systemPrompt, content].compactMap(\.self).joined(separator: "\n\n")
        continue
      }
      let reasoning = ["reasoning", "thinking", "reasoning_content"].compactMap { item[$0]?.asString }.first
      tree.append(
        message(role, content, reasoning: reasoning ?? "", model: item["model"]?.asString ?? model))
    }
    guard !tree.isEmpty else { return nil }
    return Imported(title: object["title"]?.asString, model: model ?? tree.lastModel, tree: tree)
  }

  static func message(_ role: Role, _ content: String, reasoning: String = "", model: String?) -> Message {
    let isAnswer = role == .assistant
    return Message(
      role: role, content: content, reasoning: reasoning, model: isAnswer ? model : nil,
      finish: isAnswer ? .stop : nil)
  }

  /// The text of a content: a string, or an array of parts with texts.
  static func text(of content: JSON?) -> String {
    if let text = content?.asString { return text }
    let parts = content?.asArray ?? []
    return parts.compactMap { $0.asString ?? $0["text"]?.asString }.joined(separator: "\n")
  }
}

extension MessageTree {
  /// The model of the last answer on the path.
  var lastModel: String? { last(.assistant).flatMap { self[$0]?.model } }
}
