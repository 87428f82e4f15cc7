import Basics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The place at which a conversation was read last: the row of a message at the top of the screen.
package struct ReadingPlace: Sendable, Equatable {
  /// The number of the message in the conversation.
  package var message: Int
  package var row: Int
  /// The rows of the message at that width.
  package var rows: Int

  package init(message: Int, row: Int, rows: Int) {
    (self.message, self.row, self.rows) = (message, row, rows)
  }
}

/// Decides when the place is written to disk: half a second after the last scroll.
package struct PlaceSaving: Sendable, Equatable {
  package static let pause = 0.5

  private var session = ""
  private var saved: ReadingPlace?
  private var seen: ReadingPlace?
  private var changed = 0.0

  package init() {}

  /// Records the place in a session; nil for its end.
  package mutating func note(_ place: ReadingPlace?, session: String, now: Double) {
    if session != self.session { (self.session, saved, seen) = (session, nil, nil) }
    guard place != seen else { return }
    (seen, changed) = (place, now)
  }

  /// When the last place is to be written; nil if it is on disk.
  package var due: Double? { seen == saved ? nil : changed + Self.pause }

  /// Records that the last place is on disk.
  package mutating func didSave() { saved = seen }
}

/// The places on disk, one small file a session, so that a session opens where it was left. A session that was left at
/// its end has none.
package struct PlaceFolder: Sendable {
  package let path: String

  package init(_ folders: UserFolders) { path = FileSystem.join(folders.state, "sotto/places") }

  private func file(_ session: String) -> String? {
    FileSystem.isPlainName(session) ? FileSystem.join(path, session + ".json") : nil
  }

  /// Writes the place of a session, or removes it. Errors are ignored: a place must not stop the chat.
  package func save(_ place: ReadingPlace?, of session: String) {
    guard let file = file(session) else { return }
    guard let place else {
      unlink(file)
      return
    }
    let json: JSON = [
      "message": .integer(place.message), "row": .integer(place.row), "rows": .integer(place.rows),
    ]
    try? FileSystem.makeFolder(path)
    try? WholeFileWriter.write(json.text(), to: file, permissions: 0o600)
  }

  /// The place of a session; nil for none, and for a damaged file.
  package func load(_ session: String) -> ReadingPlace? {
    guard let text = file(session).flatMap({ readText($0, limit: 4096) }),
      let json = try? JSON(parsing: text),
      let message = json["message"]?.asInteger, let row = json["row"]?.asInteger,
      let rows = json["rows"]?.asInteger, message >= 0, (1...1_000_000_000).contains(rows),
      (0..<rows).contains(row)
    else { return nil }
    return ReadingPlace(message: message, row: row, rows: rows)
  }
}
