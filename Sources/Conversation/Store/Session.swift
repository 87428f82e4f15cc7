/// A conversation that is kept: the whole tree, and what is known of it besides.
public struct Session: Sendable, Equatable {
  /// Its name in the store; see `SessionIdentifier`.
  public var id: String
  /// The title that the person gave it; nil for the first words of its first message.
  public var title: String?
  /// The model that answered last.
  public var model: String?
  /// Every message, the branches that are not shown included.
  public var tree: MessageTree

  /// A session with this identifier, given title, model and messages.
  public init(id: String, title: String? = nil, model: String? = nil, tree: MessageTree) {
    self.id = id
    self.title = title
    self.model = model
    self.tree = tree
  }
}

/// A session in a list.
public struct SessionSummary: Sendable, Equatable {
  /// Its name in the store.
  public var id: String
  /// The given title, or the first words.
  public var title: String
  /// The model that answered last.
  public var model: String?
  /// Messages of all branches.
  public var messages: Int
  /// When it was last saved, in seconds since 1970.
  public var saved: Double

  /// A session with this identifier and title, its model, the number of its messages, and when it was saved.
  public init(id: String, title: String, model: String?, messages: Int, saved: Double) {
    self.id = id
    self.title = title
    self.model = model
    self.messages = messages
    self.saved = saved
  }

  /// The one that is meant by its identifier or title, or by a beginning of one; nil when none is, or several.
  public static func find(_ text: String, in sessions: [SessionSummary]) -> SessionSummary? {
    let text = text.lowercased()
    guard !text.isEmpty else { return nil }
    if let exact = sessions.first(where: { $0.id == text }) { return exact }
    for matches in [
      sessions.filter { $0.id.hasPrefix(text) }, sessions.filter { $0.title.lowercased() == text },
      sessions.filter { $0.title.lowercased().hasPrefix(text) },
    ] where matches.count == 1 {
      return matches[0]
    }
    return nil
  }
}

/// The names of sessions: eight letters and digits, short enough to be typed and without what looks alike.
public enum SessionIdentifier {
  private static let alphabet = Array("abcdefghijkmnpqrstuvwxyz23456789")

  /// A new name; one of 10^12.
  public static func make() -> String {
    var generator = SystemRandomNumberGenerator()
    return String((0..<8).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &generator)] })
  }
}

/// What a session is called where nobody named it.
public enum SessionTitle {
  /// The longest title that is made.
  static let limit = 60

  /// The first words of a message, on one line.
  public static func of(_ message: String) -> String {
    // A pasted file need not be looked at as a whole.
    let words = message.prefix(16 * limit).split { $0.isWhitespace }
    var title = ""
    for word in words {
      if title.count + word.count + 1 > limit {
        return title.isEmpty ? word.prefix(limit - 1) + "…" : title + " …"
      }
      title += (title.isEmpty ? "" : " ") + word
    }
    return title.isEmpty ? "(no words)" : title
  }
}
