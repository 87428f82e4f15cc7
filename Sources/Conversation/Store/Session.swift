/// A conversation with its metadata, as it is saved.
public struct Session: Sendable, Equatable {
  /// Its identifier in the store; see `SessionIdentifier`.
  public var id: String
  /// The user's title; nil for the first words of the first message.
  public var title: String?
  /// The model of the last answer.
  public var model: String?
  /// All messages, including the other branches.
  public var tree: MessageTree

  /// A session with this identifier, title, model and messages.
  public init(id: String, title: String? = nil, model: String? = nil, tree: MessageTree) {
    self.id = id
    self.title = title
    self.model = model
    self.tree = tree
  }
}

extension Session {
  /// The title of a copy of this session, which another process changed.
  public var titleOfCopy: String {
    SessionTitle.ofCopy(title ?? tree.opening.map(SessionTitle.of) ?? "(no words)")
  }
}

/// A session in a list.
public struct SessionSummary: Sendable, Equatable {
  /// Its identifier in the store.
  public var id: String
  /// The title, or the first words of the first message.
  public var title: String
  /// The model of the last answer.
  public var model: String?
  /// The number of messages in all branches.
  public var messages: Int
  /// When it was last saved, in seconds since 1970.
  public var saved: Double

  /// A summary with these values.
  public init(id: String, title: String, model: String?, messages: Int, saved: Double) {
    self.id = id
    self.title = title
    self.model = model
    self.messages = messages
    self.saved = saved
  }

  /// The session with this identifier or title, or a unique prefix of one; nil when there is none, or several.
  public static func find(_ text: String, in sessions: [SessionSummary]) -> SessionSummary? {
    let matches = matches(text, in: sessions)
    return matches.count == 1 ? matches[0] : nil
  }

  /// The sessions with this identifier or title, or with a prefix of one: those of the most exact kind that is unique,
  /// otherwise all.
  public static func matches(_ text: String, in sessions: [SessionSummary]) -> [SessionSummary] {
    let text = text.lowercased()
    guard !text.isEmpty else { return [] }
    if let exact = sessions.first(where: { $0.id == text }) { return [exact] }
    let kinds = [
      sessions.filter { $0.id.hasPrefix(text) }, sessions.filter { $0.title.lowercased() == text },
      sessions.filter { $0.title.lowercased().hasPrefix(text) },
    ]
    if let unique = kinds.first(where: { $0.count == 1 }) { return unique }
    return sessions.filter { $0.id.hasPrefix(text) || $0.title.lowercased().hasPrefix(text) }
  }
}

/// The identifiers of sessions: eight letters and digits, without characters that look alike.
public enum SessionIdentifier {
  private static let alphabet = Array("abcdefghijkmnpqrstuvwxyz23456789")

  /// A new random identifier, one of about 10^12.
  public static func make() -> String {
    var generator = SystemRandomNumberGenerator()
    return String((0..<8).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &generator)] })
  }
}

/// The default titles of sessions.
public enum SessionTitle {
  /// The title of a copy: "Title (2)", and "Title (3)" for a copy of that.
  public static func ofCopy(_ title: String) -> String {
    if title.hasSuffix(")"), let open = title.lastIndex(of: "("),
      let number = Int(title[title.index(after: open)...].dropLast()), (2..<1000).contains(number)
    {
      return title[..<open] + "(\(number + 1))"
    }
    return title + " (2)"
  }

  /// The maximum characters of a default title.
  static let limit = 60

  /// The first words of a message, on one line. Without attached files and other code blocks, if there are other words.
  public static func of(_ message: String) -> String {
    // Only the start of a long text is split.
    let start = message.prefix(16 * limit)
    let prose = withoutCode(start)
    let words = (prose.contains { !$0.isWhitespace } ? prose[...] : start).split { $0.isWhitespace }
    var title = ""
    for word in words {
      if title.count + word.count + 1 > limit {
        return title.isEmpty ? word.prefix(limit - 1) + "…" : title + " …"
      }
      title += (title.isEmpty ? "" : " ") + word
    }
    return title.isEmpty ? "(no words)" : title
  }

  /// The lines outside fenced code blocks, one of which may not end.
  private static func withoutCode(_ text: Substring) -> String {
    guard text.contains("```") else { return String(text) }
    var fence: Int?
    var lines: [Substring] = []
    for line in text.split(separator: "\n") {
      let ticks = line.prefix { $0 == "`" }.count
      if let open = fence {
        if ticks >= open, ticks == line.count { fence = nil }
      } else if ticks >= 3, !line.dropFirst(ticks).contains("`") {
        fence = ticks
      } else {
        lines.append(line)
      }
    }
    return lines.joined(separator: "\n")
  }
}
