import GRDB
import GRDBSQLite

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// An open session database. Its calls block on the disk; `SessionStore` runs them on its queue.
///
/// The last saved or loaded state of each session is kept in memory, so that a save writes only the changes: O(messages)
/// comparisons of strings that mostly share their storage, and a few rows.
struct SessionDatabase: Sendable {
  /// Seconds to wait for a lock of another process.
  static let busyTimeout = 5.0

  let connection: DatabaseQueue
  /// Whether the file cannot be written.
  let isReadOnly: Bool
  var known: [String: Known] = [:]

  /// The last known state of a session in the file.
  struct Known: Sendable {
    var version: Int
    var session: Session
  }

  /// Opens an existing file, and creates the tables if it is empty.
  init(path: String) throws {
    isReadOnly = false
    connection = try DatabaseQueue(path: path, configuration: Self.configuration())
    try connection.inDatabase { try SessionSchema.prepare($0) }
    // Damaged tables are detected here, before any change.
    _ = try list(limit: 1)
    _ = try connection.read { try Self.parts(of: "", $0) }
    try connection.inDatabase { try SessionSchema.useLog($0) }
  }

  /// Opens a read-only file in a folder where no log can be created.
  init(readingAlone path: String) throws {
    isReadOnly = true
    var configuration = Self.configuration()
    configuration.readonly = true
    // https://www.sqlite.org/uri.html#uriimmutable
    var address = URLComponents()
    address.scheme = "file"
    address.path = path
    address.queryItems = [URLQueryItem(name: "immutable", value: "1")]
    connection = try DatabaseQueue(path: address.string ?? path, configuration: configuration)
    try connection.read { try SessionSchema.check($0) }
    _ = try list(limit: 1)
  }

  /// Keeps the log when the connection is closed: after a rename of the file, a log at its old path belongs to another
  /// file, and SQLite would delete it by its name.
  func keepLog() {
    connection.inDatabase { database in
      var isOn: CInt = 1
      _ = sqlite3_file_control(database.sqliteConnection, "main", SQLITE_FCNTL_PERSIST_WAL, &isOn)
    }
  }

  private static func configuration() -> Configuration {
    var configuration = Configuration()
    configuration.label = "sotto.sessions"
    // Another process may be writing.
    configuration.busyMode = .timeout(busyTimeout)
    configuration.prepareDatabase { database in
      // The file is not trusted: its schema may call no functions. Deleted content is overwritten with zeros.
      try database.execute(
        sql: "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA secure_delete = ON")
    }
    return configuration
  }

  // Reading

  /// The sessions, the last saved one first.
  func list(limit: Int = 2000) throws -> [SessionSummary] {
    let sql = """
      SELECT CAST(id AS BLOB), CAST(title AS BLOB), CAST(model AS BLOB), saved,
        (SELECT count(*) FROM message WHERE session = id),
        (SELECT CAST(substr(content, 1, 1000) AS BLOB) FROM message WHERE session = id AND place = 0)
      FROM session ORDER BY saved DESC, id LIMIT \(limit)
      """
    return try connection.read { database in
      try Row.fetchAll(database, sql: sql).compactMap { row in
        let fields = StoredFields(row)
        guard let id = fields.text(0) else { return nil }
        return SessionSummary(
          id: id, title: fields.text(1) ?? SessionTitle.of(fields.text(5) ?? ""), model: fields.text(2),
          messages: fields.integer(4) ?? 0, saved: fields.real(3) ?? 0)
      }
    }
  }

  /// A session with all its messages; nil for none with this identifier.
  /// - Throws: `MessageTree.Malformed` when its rows form no conversation.
  mutating func load(_ id: String) throws -> Session? {
    let found: Known? = try connection.read { database in
      let sql = """
        SELECT CAST(title AS BLOB), CAST(model AS BLOB), CAST(systemPrompt AS BLOB), head, version
        FROM session WHERE id = ?
        """
      guard let row = try Row.fetchOne(database, sql: sql, arguments: [id]) else { return nil }
      let fields = StoredFields(row)
      let tree = try MessageTree(
        parts: try Self.parts(of: id, database), head: fields.integer(3), systemPrompt: fields.text(2))
      let session = Session(id: id, title: fields.text(0), model: fields.text(1), tree: tree)
      return Known(version: fields.integer(4) ?? 0, session: session)
    }
    if let found { known[id] = found }
    return found?.session
  }

  // Row by row: the blobs of all rows would be a second copy of the text.
  private static func parts(of id: String, _ database: Database) throws -> [MessageTree.Part] {
    // A size limit, so that a hostile file cannot exhaust memory.
    let size = try DatabaseValue.fetchOne(
      database,
      sql: """
        SELECT sum(length(CAST(content AS BLOB)) + length(CAST(reasoning AS BLOB))) FROM message
        WHERE session = ?
        """, arguments: [id])
    guard size.flatMap({ Int.fromDatabaseValue($0) }) ?? 0 <= 1 << 28 else {
      throw MessageTree.Malformed(description: "it is larger than 256 MB")
    }
    let sql = """
      SELECT place, parent, chosen, CAST(role AS BLOB), CAST(content AS BLOB), CAST(reasoning AS BLOB),
        reasoningTime, CAST(model AS BLOB), CAST(finish AS BLOB), CAST(statistics AS BLOB)
      FROM message WHERE session = ? ORDER BY place
      """
    let rows = try Row.fetchCursor(database, sql: sql, arguments: [id])
    var parts: [MessageTree.Part] = []
    let decoder = JSONDecoder()
    while let row = try rows.next() {
      parts.append(try part(StoredFields(row), place: parts.count, decoder))
    }
    return parts
  }

  static func part(
    _ fields: StoredFields, place: Int, _ decoder: JSONDecoder = JSONDecoder()
  ) throws -> MessageTree.Part {
    guard fields.integer(0) == place else {
      throw MessageTree.Malformed(description: "message \(place) is missing")
    }
    guard let role = fields.text(3).flatMap(Role.init), let content = fields.text(4) else {
      throw MessageTree.Malformed(description: "message \(place) is not readable")
    }
    let statistics = fields.text(9).flatMap {
      // A newer version may have written other fields.
      try? decoder.decode(TurnStatistics.self, from: Data($0.utf8))
    }
    let message = Message(
      role: role, content: content, reasoning: fields.text(5) ?? "", reasoningTime: fields.real(6),
      model: fields.text(7), finish: fields.text(8).flatMap(FinishReason.init), statistics: statistics)
    return MessageTree.Part(message: message, parent: fields.integer(1), chosen: fields.integer(2))
  }
}

/// The columns of a row, which may have any type.
struct StoredFields {
  private let row: [DatabaseValue]

  init(_ row: Row) { self.row = Array(row.databaseValues) }

  /// Columns with texts as bytes.
  init(_ columns: [DatabaseValue]) { row = columns }

  /// The text of a column of bytes, with invalid bytes replaced; nil for other types.
  func text(_ column: Int) -> String? {
    guard case .blob(let data) = row[column].storage else { return nil }
    return String(decoding: data, as: UTF8.self)
  }

  func integer(_ column: Int) -> Int? {
    guard case .int64(let number) = row[column].storage else { return nil }
    return Int(exactly: number)
  }

  func real(_ column: Int) -> Double? {
    switch row[column].storage {
    case .double(let number): number.isFinite ? number : nil
    case .int64(let number): Double(number)
    default: nil
    }
  }
}
