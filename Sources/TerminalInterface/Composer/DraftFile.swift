import Basics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The unsent drafts on disk, one file a session, so that a draft survives a lost terminal and a crash.
///
/// A file is written as a whole and removed when the draft is empty. It names its process: a draft of a conversation that
/// was never saved is found again only after that process ended.
package struct DraftFolder: Sendable {
  package let path: String

  package init(_ folders: UserFolders) { path = FileSystem.join(folders.state, "sotto/drafts") }

  /// The maximum bytes of a file.
  private static let limit = 64 << 20
  private static let ending = ".json"

  private func file(_ session: String) -> String? {
    FileSystem.isPlainName(session) ? FileSystem.join(path, session + Self.ending) : nil
  }

  /// Writes the draft of a session, or removes it if it is empty. Errors are ignored: a draft must not stop the chat.
  /// - Parameter isNew: whether the conversation has no saved message.
  package func save(_ draft: Draft, of session: String, isNew: Bool) {
    guard let file = file(session) else { return }
    if draft.isEmpty {
      unlink(file)
      return
    }
    let text = Self.json(draft, process: Int(getpid()), isNew: isNew).text()
    try? FileSystem.makeFolder(path)
    try? WholeFileWriter.write(text, to: file, permissions: 0o600)
  }

  /// The draft of a session; nil for none.
  package func load(_ session: String) -> Draft? {
    file(session).flatMap { readText($0, limit: Self.limit) }.flatMap(Self.stored)?.draft
  }

  /// The newest draft of a conversation that was never saved and whose process has ended; it is removed from the disk.
  package func takeAbandoned() -> Draft? {
    let names = FileSystem.names(in: path).filter { $0.hasSuffix(Self.ending) }
    let found = names.compactMap { name -> (file: String, modified: Int, draft: Draft)? in
      let file = FileSystem.join(path, name)
      guard let stored = readText(file, limit: Self.limit).flatMap(Self.stored), stored.isNew,
        kill(pid_t(truncatingIfNeeded: stored.process), 0) != 0, errno == ESRCH
      else { return nil }
      return (file, FileSystem.size(file).modified, stored.draft)
    }
    guard let newest = found.max(by: { $0.modified < $1.modified }) else { return nil }
    unlink(newest.file)
    return newest.draft
  }

  package static func json(_ draft: Draft, process: Int, isNew: Bool) -> JSON {
    var parts: [JSON] = []
    var text = ""
    func endText() {
      if !text.isEmpty { parts.append(["text": .string(text)]) }
      text = ""
    }
    for element in draft.elements {
      switch element {
      case .character(let character): text.append(character)
      case .chip(let chip):
        endText()
        parts.append(["paste": .string(chip)])
      case .attachment(let label, let file):
        endText()
        parts.append(["file": .string(label), "text": .string(file)])
      }
    }
    endText()
    return [
      "process": .integer(process), "new": .bool(isNew), "cursor": .integer(draft.cursor),
      "parts": .array(parts),
    ]
  }

  package static func stored(_ text: String) -> (draft: Draft, process: Int, isNew: Bool)? {
    guard let json = try? JSON(parsing: text), case .array(let parts)? = json["parts"],
      let process = json["process"]?.asInteger
    else { return nil }
    var elements: [Draft.Element] = []
    for part in parts {
      if case .string(let chip)? = part["paste"] {
        elements.append(.chip(chip))
      } else if case .string(let label)? = part["file"], case .string(let file)? = part["text"] {
        elements.append(.attachment(label, file))
      } else if case .string(let text)? = part["text"] {
        elements += text.map { .character($0) }
      }
    }
    guard !elements.isEmpty else { return nil }
    return (
      Draft(elements: elements, cursor: json["cursor"]?.asInteger ?? elements.count), process,
      json["new"] == .bool(true)
    )
  }
}
