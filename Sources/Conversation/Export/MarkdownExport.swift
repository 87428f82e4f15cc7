extension MessageTree {
  /// The path as a Markdown document: a heading for each message, and the reasoning as a quote before its answer.
  public func markdown(title: String) -> String {
    var out = "# \(title)\n"
    if let systemPrompt, !systemPrompt.isEmpty { out += "\n> **System:** \(quoted(systemPrompt))\n" }
    for id in path {
      guard let message = self[id] else { continue }
      out += "\n## \(heading(of: message))\n"
      if !message.reasoning.isEmpty { out += "\n> \(quoted(message.reasoning))\n" }
      out += "\n\(message.content)\n"
    }
    return out
  }

  private func heading(of message: Message) -> String {
    switch message.role {
    case .system: "System"
    case .user: "You"
    case .assistant: message.model ?? "Assistant"
    case .tool: "Tool"
    }
  }

  private func quoted(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\n> ")
  }
}
