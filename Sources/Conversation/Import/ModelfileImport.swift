/// Reads the conversation in a Modelfile, as `ollama show --modelfile NAME` prints it for a conversation that `/save NAME`
/// kept: the instructions `MESSAGE ROLE TEXT` and `SYSTEM TEXT`. https://github.com/ollama/ollama/blob/main/docs/modelfile.md
///
/// A text of several lines stands between quotation marks, single or triple; it ends at the line that ends with them.
enum ModelfileImport {
  /// Nil for a text without messages.
  static func read(_ text: String) -> ConversationImport.Imported? {
    var lines = text.lines[...]
    var tree = MessageTree()
    while let line = lines.popFirst() {
      let (name, rest) = word(line)
      switch name.lowercased() {
      case "system": tree.systemPrompt = value(rest, &lines)
      case "message":
        let (role, start) = word(rest)
        guard let role = Role(rawValue: role.lowercased()) else { return nil }
        let content = value(start, &lines)
        // The message of the system is another name of the system prompt.
        if role == .system, tree.isEmpty {
          tree.systemPrompt = content
        } else {
          tree.append(ConversationImport.message(role, content, model: nil))
        }
      // Templates and licences may have lines that look like instructions.
      case "template", "license", "adapter", "parameter", "from": _ = value(rest, &lines)
      default: break
      }
    }
    guard !tree.isEmpty else { return nil }
    return ConversationImport.Imported(title: nil, model: nil, tree: tree)
  }

  /// The first word of a line, and what follows it.
  private static func word(_ line: Substring) -> (Substring, Substring) {
    let line = line.drop { $0 == " " || $0 == "\t" }
    let name = line.prefix { $0 != " " && $0 != "\t" }
    return (name, line.dropFirst(name.count).drop { $0 == " " || $0 == "\t" })
  }

  /// The value that starts in the rest of a line; the lines that it continues on are removed.
  private static func value(_ start: Substring, _ lines: inout ArraySlice<Substring>) -> String {
    let mark = start.hasPrefix("\"\"\"") ? "\"\"\"" : start.hasPrefix("\"") ? "\"" : ""
    guard !mark.isEmpty else { return String(start) }
    var parts = [start.dropFirst(mark.count)]
    var rest = lines
    while !(parts.last ?? "").hasSuffix(mark) {
      // Without an end, the mark is part of the text.
      guard let next = rest.popFirst() else { return String(start) }
      parts.append(next)
    }
    lines = rest
    return String(parts.joined(separator: "\n").dropLast(mark.count))
  }
}
