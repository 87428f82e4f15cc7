import GRDB

/// The tables of the sessions, and the checks that a file contains them.
///
/// Texts are written as `CAST(bytes AS TEXT)` and read as bytes, because text of SQLite ends at a NUL character, which
/// the text of a model may contain.
enum SessionSchema {
  /// The `PRAGMA application_id` in the file header: "Sott".
  static let applicationID = 0x536F_7474

  /// The migrations from each version to the next. `PRAGMA user_version` is the version of a file.
  private static let steps = [
    """
    CREATE TABLE session (
      id TEXT NOT NULL PRIMARY KEY,
      title TEXT,
      model TEXT,
      systemPrompt TEXT,
      head INTEGER,
      created REAL NOT NULL,
      saved REAL NOT NULL,
      -- The number of saves, to detect a save by another process.
      version INTEGER NOT NULL
    );
    CREATE INDEX sessionBySaved ON session (saved);
    CREATE TABLE message (
      session TEXT NOT NULL REFERENCES session (id) ON DELETE CASCADE,
      place INTEGER NOT NULL,
      parent INTEGER,
      chosen INTEGER,
      role TEXT NOT NULL,
      content TEXT NOT NULL,
      reasoning TEXT NOT NULL,
      reasoningTime REAL,
      model TEXT,
      finish TEXT,
      statistics TEXT,
      PRIMARY KEY (session, place)
    );
    """,
    // The full-text index: sequences of three characters, so that it finds parts of words, and words of languages
    // without spaces. https://www.sqlite.org/fts5.html#the_trigram_tokenizer
    // It is updated with each write: a trigger may not use it, because the schema is not trusted.
    """
    CREATE VIRTUAL TABLE messageText USING fts5 (
      content, content = 'message', content_rowid = 'rowid', tokenize = 'trigram'
    );
    INSERT INTO messageText (messageText) VALUES ('rebuild');
    """,
  ]

  /// Whether the file has the full-text index. A file of an older version that cannot be written has none.
  static func hasIndex(_ database: Database) throws -> Bool {
    try number("PRAGMA user_version", database) >= 2
  }

  /// The columns of the current version.
  static let columns = [
    "session": ["id", "title", "model", "systemPrompt", "head", "created", "saved", "version"],
    "message": [
      "session", "place", "parent", "chosen", "role", "content", "reasoning", "reasoningTime", "model",
      "finish", "statistics",
    ],
  ]

  /// The reasons to refuse a file.
  enum Refusal: Error {
    /// It belongs to another program.
    case foreign
    /// It belongs to a newer version of Sotto, and must not be changed.
    case newer
  }

  /// Creates the tables in an empty file, and migrates older ones. A refused file is not changed.
  static func prepare(_ database: Database) throws {
    try database.inTransaction(.immediate) {
      let application = try number("PRAGMA application_id", database)
      let version = try number("PRAGMA user_version", database)
      if application == 0, version == 0, try number("SELECT count(*) FROM sqlite_master", database) == 0 {
        try database.execute(sql: "PRAGMA application_id = \(applicationID)")
      } else if application != applicationID {
        throw Refusal.foreign
      }
      guard version <= steps.count else { throw Refusal.newer }
      guard version >= 0 else { throw Refusal.foreign }
      // No version has changed these columns: a migration relies on them.
      if version > 0 { try checkColumns(database) }
      if version < steps.count {
        for step in steps[version...] { try database.execute(sql: step) }
        try database.execute(sql: "PRAGMA user_version = \(steps.count)")
      }
      try checkColumns(database)
      return .commit
    }
  }

  // A file with our identifier and other tables is not ours.
  private static func checkColumns(_ database: Database) throws {
    for (table, expected) in columns {
      let found = try Row.fetchAll(database, sql: "PRAGMA table_info(\(table))").map { row in
        String.fromDatabaseValue(row["name"]) ?? ""
      }
      guard found == expected else { throw Refusal.foreign }
    }
  }

  /// Checks that a read-only file has the tables of this version, or of an older one that can be read.
  static func check(_ database: Database) throws {
    guard try number("PRAGMA application_id", database) == applicationID else { throw Refusal.foreign }
    guard try (1...steps.count).contains(number("PRAGMA user_version", database)) else { throw Refusal.newer }
    try checkColumns(database)
  }

  /// Switches to write-ahead logging.
  static func useLog(_ database: Database) throws {
    // Readers and the writer do not block each other, and a crash of the process loses no committed data.
    // https://www.sqlite.org/wal.html
    _ = try Row.fetchOne(database, sql: "PRAGMA journal_mode = WAL")
    try database.execute(sql: "PRAGMA synchronous = NORMAL")
  }

  private static func number(_ sql: String, _ database: Database) throws -> Int {
    let value = try DatabaseValue.fetchOne(database, sql: sql)
    return value.flatMap { Int.fromDatabaseValue($0) } ?? -1
  }
}
