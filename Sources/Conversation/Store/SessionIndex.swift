import GRDB

/// The full-text index of the messages. An entry is removed before its message changes, since the index has no copy of
/// the text.
enum SessionIndex {
  /// Adds a message.
  static func add(_ session: String, _ place: Int, _ database: Database) throws {
    try database.cachedStatement(
      sql: """
        INSERT INTO messageText (rowid, content)
        SELECT rowid, content FROM message WHERE session = ? AND place = ?
        """
    ).execute(arguments: [session, place])
  }

  /// Removes a message.
  static func remove(_ session: String, _ place: Int, _ database: Database) throws {
    try database.cachedStatement(sql: removal + " AND place = ?").execute(arguments: [session, place])
  }

  /// Removes all messages of a session.
  static func remove(_ session: String, _ database: Database) throws {
    try database.execute(sql: removal, arguments: [session])
  }

  /// Removes all messages of a session if it has this version.
  static func remove(_ session: String, version: Int, _ database: Database) throws {
    try database.execute(
      sql: removal + " AND EXISTS (SELECT 1 FROM session WHERE id = message.session AND version = ?)",
      arguments: [session, version])
  }

  /// Merges the parts of the index, so that nothing of removed messages remains in the file.
  static func merge(_ database: Database) throws {
    try database.execute(sql: "INSERT INTO messageText (messageText) VALUES ('optimize')")
  }

  private static let removal = """
    INSERT INTO messageText (messageText, rowid, content)
    SELECT 'delete', rowid, content FROM message WHERE session = ?
    """
}
