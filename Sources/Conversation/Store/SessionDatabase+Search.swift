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
  /// Shorter words, in Unicode scalars, are not in the index.
  private static let indexedLength = 3

  /// The messages that contain all words of a text, those of the last saved session first. Letters match in either
  /// case. Words of at least three characters are looked up in an index; others, for which all messages are read (10 MB
  /// of text take about 20 ms), match only the same case outside ASCII.
  func search(_ text: String, limit: Int = 200) throws -> [SessionHit] {
    let words = text.split { $0.isWhitespace }.prefix(16).map(String.init)
    guard let first = words.first else { return [] }
    return try connection.read { database in
      let hasIndex = try SessionSchema.hasIndex(database)
      let (indexed, others) = (
        words.filter { hasIndex && $0.unicodeScalars.count >= Self.indexedLength },
        words.filter { !hasIndex || $0.unicodeScalars.count < Self.indexedLength }
      )
      var conditions = others.map { _ in "message.content LIKE ? ESCAPE '\\'" }
      var arguments = others.map { "%" + Self.literal($0) + "%" }
      if !indexed.isEmpty {
        conditions.append("message.rowid IN (SELECT rowid FROM messageText WHERE messageText MATCH ?)")
        arguments.append(indexed.map(Self.phrase).joined(separator: " AND "))
      }
      // The texts are read of those messages only that are returned.
      let sql = """
        SELECT CAST(hit.session AS BLOB), hit.place, CAST(message.role AS BLOB),
          CAST(substr(message.content, max(1, instr(lower(message.content), lower(?)) - 60), 240) AS BLOB),
          CAST((SELECT title FROM session WHERE id = hit.session) AS BLOB),
          (SELECT CAST(substr(content, 1, 1000) AS BLOB) FROM message WHERE session = hit.session AND place = 0)
        FROM (
          SELECT message.rowid AS number, message.session, message.place, session.saved
          FROM message JOIN session ON session.id = message.session
          WHERE \(conditions.joined(separator: " AND "))
          ORDER BY session.saved DESC, session.id, message.place LIMIT \(limit)
        ) AS hit JOIN message ON message.rowid = hit.number
        ORDER BY hit.saved DESC, hit.session, hit.place
        """
      return try Row.fetchAll(database, sql: sql, arguments: StatementArguments([first] + arguments))
        .compactMap { Self.hit($0) }
    }
  }

  private static func hit(_ row: Row) -> SessionHit? {
    let fields = StoredFields(row)
    guard let id = fields.text(0), let place = fields.integer(1), let role = fields.text(2).flatMap(Role.init)
    else { return nil }
    return SessionHit(
      session: id, title: fields.text(4) ?? SessionTitle.of(fields.text(5) ?? ""), message: place, role: role,
      excerpt: (fields.text(3) ?? "").split { $0.isWhitespace }.joined(separator: " "))
  }

  private static func literal(_ word: String) -> String {
    word.reduce(into: "") { text, character in
      if "%_\\".contains(character) { text.append("\\") }
      text.append(character)
    }
  }

  /// A word as a string of the index's query language.
  private static func phrase(_ word: String) -> String {
    "\"" + word.replacing("\"", with: "\"\"") + "\""
  }
}
