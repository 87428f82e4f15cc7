/// Reads the Markdown of `MessageTree.markdown`. A comment behind each heading marks the messages, because an answer may
/// contain headings itself.
enum MarkdownImport {
  /// The mark behind the heading of a message.
  static func mark(_ role: Role) -> String { "<!-- sotto:\(role.rawValue) -->" }

  /// Nil for a text without such marks.
  static func read(_ text: String) -> ConversationImport.Imported? {
    let lines = text.lines.map { String($0) }
    var tree = MessageTree()
    var title: String?
    var current: (role: Role, name: String, lines: [String])?
    func finish() {
      guard let (role, name, lines) = current else { return }
      let (reasoning, content) = split(lines, hasReasoning: role == .assistant)
      if role == .system {
        tree.systemPrompt = content
      } else {
        tree.append(
          ConversationImport.message(
            role, content, reasoning: reasoning, model: name == "Assistant" ? nil : name))
      }
    }
    for line in lines {
      if let (role, name) = heading(line) {
        finish()
        current = (role, name, [])
      } else if current != nil {
        current?.lines.append(line)
      } else if title == nil, line.hasPrefix("# ") {
        title = String(line.dropFirst(2))
      }
    }
    finish()
    guard !tree.isEmpty else { return nil }
    return ConversationImport.Imported(title: title, model: tree.lastModel, tree: tree)
  }

  private static func heading(_ line: String) -> (Role, String)? {
    guard line.hasPrefix("## ") else { return nil }
    for role in Role.allCases where line.hasSuffix(mark(role)) {
      let name = line.dropFirst(3).dropLast(mark(role).count)
      return (role, String(name).trimmingSpaces)
    }
    return nil
  }

  /// The quote before an answer is its reasoning.
  private static func split(_ lines: [String], hasReasoning: Bool) -> (reasoning: String, content: String) {
    var rest = lines[...]
    while rest.first?.isEmpty == true { rest.removeFirst() }
    while rest.last?.isEmpty == true { rest.removeLast() }
    guard hasReasoning, rest.first?.hasPrefix("> ") == true else {
      return ("", rest.joined(separator: "\n"))
    }
    let quote = rest.prefix { $0.hasPrefix(">") }
    var content = rest.dropFirst(quote.count)
    while content.first?.isEmpty == true { content.removeFirst() }
    let reasoning = quote.map { $0.dropFirst($0.hasPrefix("> ") ? 2 : 1) }.joined(separator: "\n")
    return (reasoning, content.joined(separator: "\n"))
  }
}

extension String {
  /// The lines, whose ends may be those of other systems: "\r\n" is one character.
  var lines: [Substring] { split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" } }

  /// The text without spaces at both ends.
  fileprivate var trimmingSpaces: String {
    var text = self[...]
    while text.last == " " { text.removeLast() }
    return String(text.drop { $0 == " " })
  }
}
