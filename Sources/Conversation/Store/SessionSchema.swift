import GRDB

/// The tables of sessions, and how to tell that a file holds them.
///
/// Texts are written as `CAST(bytes AS TEXT)` and read as bytes, because SQLite's texts end at a zero character and a
/// model's need not.
enum SessionSchema {
  /// Stands in the file's header (`PRAGMA application_id`): "Sott".
  static let applicationID = 0x536F_7474

  /// What brings a file from each version to the next. The version that a file has is its `PRAGMA user_version`.
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
      -- Counts the times it was saved, so that one program notices that another did.
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
    """
  ]

  /// Why a file is not used.
  enum Refusal: Error {
    /// Another program's, or not what this one wrote.
    case foreign
    /// A later Sotto's: to be left alone.
    case newer
  }

  /// Makes the tables where there are none, and brings older ones up to date. Nothing is changed in a file that is
  /// refused.
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
      if version < steps.count {
        for step in steps[version...] { try database.execute(sql: step) }
        try database.execute(sql: "PRAGMA user_version = \(steps.count)")
      }
      return .commit
    }
  }

  /// Makes sure that a file which cannot be changed holds the tables of this version.
  static func check(_ database: Database) throws {
    guard try number("PRAGMA application_id", database) == applicationID else { throw Refusal.foreign }
    guard try number("PRAGMA user_version", database) == steps.count else { throw Refusal.newer }
  }

  /// Writes to a log beside the file from now on.
  static func useLog(_ database: Database) throws {
    // Readers and the writer do not wait for each other, and a crash of the program loses nothing that was committed.
    // https://www.sqlite.org/wal.html
    _ = try Row.fetchOne(database, sql: "PRAGMA journal_mode = WAL")
    try database.execute(sql: "PRAGMA synchronous = NORMAL")
  }

  private static func number(_ sql: String, _ database: Database) throws -> Int {
    let value = try DatabaseValue.fetchOne(database, sql: sql)
    return value.flatMap { Int.fromDatabaseValue($0) } ?? -1
  }
}
