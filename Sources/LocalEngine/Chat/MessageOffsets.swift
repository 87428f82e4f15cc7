import Conversation

/// Caches the offsets of messages in the prompts of a model: every draft and answer of a conversation needs the same
/// offsets, and each costs two renderings of all preceding messages.
struct MessageOffsets {
  private var model = ""
  private var effort: String?
  private var messages: [[String]] = []
  /// UTF-8 offsets by message index. Each depends only on the preceding messages.
  private var offsets: [Int: Int] = [:]

  /// The UTF-8 offsets of the first and of the latest user messages.
  /// - Parameters:
  ///   - latest: the number of latest messages.
  ///   - prefixLength: the length of the stable prefix of a prompt with these messages, in bytes.
  mutating func offsets(
    of messages: [Message], latest: Int, model: String, effort: String?,
    _ prefixLength: (ArraySlice<Message>) throws -> Int
  ) rethrows -> [Int] {
    invalidate(for: messages.map { [$0.role.rawValue, $0.content, $0.reasoning] }, model, effort)
    let users = messages.indices.filter { messages[$0].role == .user }
    return try Set(users.prefix(1) + users.suffix(latest)).sorted().map { index in
      let offset = try offsets[index] ?? prefixLength(messages[..<index])
      offsets[index] = offset
      return offset
    }
  }

  /// Removes the offsets that are not valid for this conversation.
  private mutating func invalidate(for messages: [[String]], _ model: String, _ effort: String?) {
    let isSame = model == self.model && effort == self.effort
    let common = isSame ? zip(self.messages, messages).prefix { $0 == $1 }.count : 0
    offsets = isSame ? offsets.filter { $0.key <= common } : [:]
    (self.messages, self.model, self.effort) = (messages, model, effort)
  }
}

extension LocalChatEngine {
  /// The offsets of messages in the prompt, for snapshots of caches that cannot be truncated. Empty if the caches can be
  /// truncated, or if the conversation cannot be rendered.
  func boundaries(
    of messages: [Message], latest: Int, _ selected: SelectedModel, _ settings: ChatSettings
  ) -> [Int] {
    guard selected.needsSnapshots else { return [] }
    let offsets = try? messageOffsets.offsets(
      of: messages, latest: latest, model: selected.key, effort: settings.effort
    ) { preceding in
      try selected.model.stablePrefix(messages: preceding.map(\.json), variables: settings.templateVariables)
        .byteCount(selected.model.tokenizer)
    }
    return offsets ?? []
  }
}
