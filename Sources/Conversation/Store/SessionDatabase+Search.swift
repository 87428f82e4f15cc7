import GRDB

/// A message that contains the words of a search.
public struct SessionHit: Sendable, Equatable {
  /// The session's identifier.
  public var session: String
  /// The title of the session, or the first words of its first message.
  public var title: String
  /// The position of the message in the order of creation, from zero.
  public var message: Int
  /// The author.
  public var role: Role
  /// The text around the first word, on one line.
  public var excerpt: String

  /// A hit in a session's message.
  public init(session: String, title: String, message: Int, role: Role, excerpt: String) {
    self.session = session
    self.title = title
    self.message = message
    self.role = role
    self.excerpt = excerpt
  }
}

extension SessionDatabase {
  /// The messages that contain all words of a text, those of the last saved session first. Letters match in either
  /// case; of those outside ASCII, the case must agree. Reads every message: 10 MB of text take about 20 ms.
  func search(_ text: String, limit: Int = 200) throws -> [SessionHit] {
    let words = text.split { $0.isWhitespace }.prefix(16).map(String.init)
    guard let first = words.first else { return [] }
    let conditions = words.map { _ in "content LIKE ? ESCAPE '\\'" }.joined(separator: " AND ")
    let sql = """
      SELECT CAST(session AS BLOB), place, CAST(role AS BLOB),
        CAST(substr(content, max(1, instr(lower(content), lower(?)) - 60), 240) AS BLOB)
      FROM message JOIN session ON session.id = message.session
      WHERE \(conditions) ORDER BY session.saved DESC, session.id, place LIMIT \(limit)
      """
    let patterns = words.map { "%" + Self.literal($0) + "%" }
    let titles = Dictionary(try list().map { ($0.id, $0.title) }) { one, _ in one }
    return try connection.read { database in
      try Row.fetchAll(database, sql: sql, arguments: StatementArguments([first] + patterns)).compactMap {
        row in
        let fields = StoredFields(row)
        guard let id = fields.text(0), let place = fields.integer(1),
          let role = fields.text(2).flatMap(Role.init)
        else { return nil }
        return SessionHit(
          session: id, title: titles[id] ?? "", message: place, role: role,
          excerpt: (fields.text(3) ?? "").split { $0.isWhitespace }.joined(separator: " "))
      }
    }
  }

  private static func literal(_ word: String) -> String {
    word.reduce(into: "") { text, character in
      if "%_\\".contains(character) { text.append("\\") }
      text.append(character)
    }
  }
}
