import GRDB

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension SessionDatabase {
  /// Another process changed or deleted the session since it was last saved or loaded here.
  struct Conflict: Error {}

  /// Writes the changes since the session was last saved or loaded here, or all of it if it never was.
  /// - Throws: `Conflict`, in which case nothing was written.
  mutating func save(_ session: Session, at time: Double) throws {
    let before = known[session.id]
    let version = (before?.version ?? 0) + 1
    if session.tree.messageCount == 0 {
      try remove(session.id, version: before?.version)
      return
    }
    // Only added and changed messages are written; a tree that does not extend the previous one is written again.
    let isSuccessor = before.map { session.tree.extends($0.session.tree) } ?? true
    let savedCount = isSuccessor ? before?.session.tree.messageCount ?? 0 : 0
    try connection.write { database in
      if before == nil {
        try Self.insert(session, version, time, database)
      } else {
        try Self.update(session, version, time, database)
      }
      if !isSuccessor {
        try SessionIndex.remove(session.id, database)
        try database.execute(sql: "DELETE FROM message WHERE session = ?", arguments: [session.id])
      }
      for place in 0..<session.tree.messageCount {
        let part = session.tree.part(at: place)
        if place >= savedCount {
          try Self.write(part, place, session.id, Self.insertMessage, database)
          try SessionIndex.add(session.id, place, database)
        } else if let old = before?.session.tree.part(at: place), part != old {
          let isNewText = part.message.content != old.message.content
          if isNewText { try SessionIndex.remove(session.id, place, database) }
          try Self.write(part, place, session.id, Self.updateMessage, database)
          if isNewText { try SessionIndex.add(session.id, place, database) }
        }
      }
    }
    known[session.id] = Known(version: version, session: session)
  }

  /// Writes sessions of a damaged file, except those that another process has saved meanwhile.
  /// - Parameters:
  ///   - time: the time of those whose time is lost.
  ///   - open: the sessions that this process has loaded; it will save them again.
  /// - Returns: the number of sessions that were written.
  mutating func add(_ salvaged: SalvagedSessions, at time: Double, open: Set<String>) throws -> Int {
    var count = 0
    for entry in salvaged.entries {
      do { try save(entry.session, at: entry.saved ?? time) } catch is Conflict { continue }
      if !open.contains(entry.session.id) { known[entry.session.id] = nil }
      count += 1
    }
    return count
  }

  // A conversation whose only message was withdrawn is not listed.
  private mutating func remove(_ id: String, version: Int?) throws {
    guard let version else { return }
    try connection.write { database in
      try SessionIndex.remove(id, version: version, database)
      try database.execute(sql: "DELETE FROM session WHERE id = ? AND version = ?", arguments: [id, version])
    }
    known[id] = nil
  }

  /// Deletes a session, if it exists, and its pages in the write-ahead log.
  mutating func delete(_ id: String) throws {
    try connection.write { database in
      try SessionIndex.remove(id, database)
      try database.execute(sql: "DELETE FROM session WHERE id = ?", arguments: [id])
      // Deleted entries stay in the index until its parts are merged.
      try SessionIndex.merge(database)
    }
    known[id] = nil
    // If another process is reading, the log is truncated by the next deletion or the last close.
    try? connection.writeWithoutTransaction { database in
      _ = try Row.fetchOne(database, sql: "PRAGMA wal_checkpoint(TRUNCATE)")
    }
  }

  private static func insert(
    _ session: Session, _ version: Int, _ time: Double, _ database: Database
  ) throws {
    do {
      try database.execute(
        sql: """
          INSERT INTO session (id, title, model, systemPrompt, head, created, saved, version)
          VALUES (?, CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS TEXT), ?, ?, ?, ?)
          """,
        arguments: [
          session.id, bytes(session.title), bytes(session.model), bytes(session.tree.systemPrompt),
          session.tree.head?.index, time, time, version,
        ])
    } catch let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT {
      throw Conflict()
    }
  }

  private static func update(
    _ session: Session, _ version: Int, _ time: Double, _ database: Database
  ) throws {
    try database.execute(
      sql: """
        UPDATE session SET title = CAST(? AS TEXT), model = CAST(? AS TEXT), systemPrompt = CAST(? AS TEXT),
          head = ?, saved = ?, version = ?
        WHERE id = ? AND version = ?
        """,
      arguments: [
        bytes(session.title), bytes(session.model), bytes(session.tree.systemPrompt),
        session.tree.head?.index, time, version, session.id, version - 1,
      ])
    if database.changesCount == 0 { throw Conflict() }
  }

  private static let insertMessage = """
    INSERT INTO message
      (parent, chosen, role, content, reasoning, reasoningTime, model, finish, statistics, session, place)
    VALUES (?, ?, ?, CAST(? AS TEXT), CAST(? AS TEXT), ?, CAST(? AS TEXT), ?, CAST(? AS TEXT), ?, ?)
    """

  private static let updateMessage = """
    UPDATE message SET parent = ?, chosen = ?, role = ?, content = CAST(? AS TEXT),
      reasoning = CAST(? AS TEXT), reasoningTime = ?, model = CAST(? AS TEXT), finish = ?,
      statistics = CAST(? AS TEXT)
    WHERE session = ? AND place = ?
    """

  private static func write(
    _ part: MessageTree.Part, _ place: Int, _ session: String, _ sql: String, _ database: Database
  ) throws {
    let message = part.message
    // Numbers that JSON cannot represent are dropped; the message is saved.
    let statistics = message.statistics.flatMap { try? JSONEncoder().encode($0) }
    try database.cachedStatement(sql: sql).execute(arguments: [
      part.parent, part.chosen, message.role.rawValue, bytes(message.content), bytes(message.reasoning),
      message.reasoningTime, bytes(message.model), message.finish?.rawValue, statistics, session, place,
    ])
  }

  private static func bytes(_ text: String?) -> Data? { text.map { Data($0.utf8) } }
}

extension MessageTree {
  /// True when this tree can result from an earlier one by adding messages and changing their contents.
  func extends(_ earlier: MessageTree) -> Bool {
    nodes.count >= earlier.nodes.count
      && earlier.nodes.indices.allSatisfy { nodes[$0].parent == earlier.nodes[$0].parent }
  }
}
