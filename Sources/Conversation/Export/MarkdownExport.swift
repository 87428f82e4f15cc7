extension MessageTree {
  /// The path as a Markdown document: a heading for each message, and the reasoning as a quote before its answer. A
  /// comment behind each heading marks the message for `ConversationImport`; it is not visible in rendered Markdown.
  public func markdown(title: String) -> String {
    var out = "# \(title)\n"
    if let systemPrompt, !systemPrompt.isEmpty {
      out += "\n## System \(MarkdownImport.mark(.system))\n\n\(systemPrompt)\n"
    }
    for id in path {
      guard let message = self[id] else { continue }
      out += "\n## \(heading(of: message)) \(MarkdownImport.mark(message.role))\n"
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
