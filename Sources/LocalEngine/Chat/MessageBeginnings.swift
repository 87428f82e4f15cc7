import Conversation

/// Where messages begin in a model's prompts, remembered while a conversation goes on: every draft and the answer ask
/// for the same places again, and each costs two renderings of all that is before it.
struct MessageBeginnings {
  private var model = ""
  private var effort: String?
  private var messages: [[String]] = []
  /// UTF-8 offsets by the messages' indices; each follows from the messages before it alone.
  private var offsets: [Int: Int] = [:]

  /// Where the person's first message and the latest ones begin: UTF-8 offsets.
  /// - Parameters:
  ///   - latest: how many of these.
  ///   - beginning: what a prompt begins with behind these messages, in bytes.
  mutating func offsets(
    of messages: [Message], latest: Int, model: String, effort: String?,
    _ beginning: (ArraySlice<Message>) throws -> Int
  ) rethrows -> [Int] {
    keep(messages.map { [$0.role.rawValue, $0.content, $0.reasoning] }, model, effort)
    let own = messages.indices.filter { messages[$0].role == .user }
    return try Set(own.prefix(1) + own.suffix(latest)).sorted().map { index in
      let offset = try offsets[index] ?? beginning(messages[..<index])
      offsets[index] = offset
      return offset
    }
  }

  /// Forgets what does not hold for this conversation.
  private mutating func keep(_ messages: [[String]], _ model: String, _ effort: String?) {
    let isSame = model == self.model && effort == self.effort
    let common = isSame ? zip(self.messages, messages).prefix { $0 == $1 }.count : 0
    offsets = isSame ? offsets.filter { $0.key <= common } : [:]
    (self.messages, self.model, self.effort) = (messages, model, effort)
  }
}

extension LocalChatEngine {
  /// Where messages begin in a model's prompt, for caches that cannot be cut back; empty where they can, or where the
  /// conversation cannot be rendered.
  func boundaries(of messages: [Message], latest: Int, _ open: Open, _ settings: ChatSettings) -> [Int] {
    guard open.needsSnapshots else { return [] }
    let offsets = try? beginnings.offsets(
      of: messages, latest: latest, model: open.key, effort: settings.effort
    ) { before in
      try open.model.beginning(messages: before.map(\.json), variables: settings.templateVariables)
        .byteCount(open.model.tokenizer)
    }
    return offsets ?? []
  }
}
