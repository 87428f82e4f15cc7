import GRDB

/// The sessions that can be read from a damaged file.
///
/// A message that is missing between others is replaced by a note, so that the tree of branches keeps its form.
package struct SalvagedSessions: Sendable {
  package struct Entry: Sendable {
    package var session: Session
    /// When it was saved, in seconds since 1970; nil if that is lost.
    package var saved: Double?
  }

  package private(set) var entries: [Entry] = []
  /// The messages that were read.
  package private(set) var messages = 0
  /// The messages that were replaced by a note.
  package private(set) var missing = 0

  /// The counts for the user.
  /// - Parameter sessions: the number of sessions that were saved.
  func summary(of sessions: Int) -> String {
    let lost = missing == 0 ? "" : ", with a note for \(missing) that cannot be read,"
    return (sessions == 1 ? "1 conversation" : "\(sessions) conversations") + " with "
      + (messages == 1 ? "1 message" : "\(messages) messages") + lost
  }

  /// The content of a message that cannot be read.
  package static let note = "[This message could not be recovered.]"

  /// The longest gap between two messages of a session: what is behind it is dropped.
  private static let gap = 64
  private static let pageSize = 4096

  /// Reads a file and the log beside it.
  package static func read(_ path: String) -> SalvagedSessions {
    let pages = DatabasePages(path: path)
    let stored = SalvagedSessions(pages)
    // The size of the pages may be damaged too: Sotto's files have this one.
    guard pages?.size != Self.pageSize else { return stored }
    let usual = SalvagedSessions(DatabasePages(path: path, size: Self.pageSize))
    return usual.messages > stored.messages ? usual : stored
  }

  private init(_ pages: DatabasePages?) {
    guard let pages else { return }
    var heads: [String: StoredFields] = [:]
    var parts: [String: [Int: MessageTree.Part]] = [:]
    var rows = DatabaseRows(pages)
    rows.forEach { row in
      let fields = StoredFields(row)
      guard let id = row.isEmpty ? nil : fields.text(0), (1...64).contains(id.utf8.count) else { return }
      if row.count == SessionSchema.columns["session"]?.count, fields.real(6) != nil {
        heads[id] = fields
      } else if row.count == SessionSchema.columns["message"]?.count, let place = fields.integer(1),
        place >= 0, let part = try? SessionDatabase.part(StoredFields(Array(row[1...])), place: place),
        part.message.content.utf8.count >= parts[id]?[place]?.message.content.utf8.count ?? 0
      {
        parts[id, default: [:]][place] = part
      }
    }
    for (id, found) in parts { add(id, found, heads[id]) }
    entries.sort { ($0.saved ?? 0, $0.session.id) < ($1.saved ?? 0, $1.session.id) }
  }

  private mutating func add(_ id: String, _ found: [Int: MessageTree.Part], _ head: StoredFields?) {
    let parts = Self.complete(found)
    let last = head?.integer(4).flatMap { parts.indices.contains($0) ? $0 : nil } ?? parts.count - 1
    guard let tree = try? MessageTree(parts: parts, head: last, systemPrompt: head?.text(3)) else { return }
    entries.append(
      Entry(
        session: Session(id: id, title: head?.text(1), model: head?.text(2), tree: tree),
        saved: head?.real(6).flatMap { (1e9...1e10).contains($0) ? $0 : nil }))
    let read = parts.indices.count { found[$0] != nil }
    messages += read
    missing += parts.count - read
  }

  /// The parts of a tree from the first place to the last one, with links that are valid.
  private static func complete(_ found: [Int: MessageTree.Part]) -> [MessageTree.Part] {
    var parts: [MessageTree.Part] = []
    for place in found.keys.sorted() {
      guard place - parts.count <= gap else { break }
      while parts.count < place { parts.append(substitute(found, after: parts)) }
      guard var part = found[place] else { continue }
      if let parent = part.parent, !parts.indices.contains(parent) {
        part.parent = parts.isEmpty ? nil : parts.count - 1
      }
      parts.append(part)
    }
    for place in parts.indices {
      guard let chosen = parts[place].chosen else { continue }
      if !parts.indices.contains(chosen) || parts[chosen].parent != place { parts[place].chosen = nil }
    }
    return parts
  }

  // The user's messages and the answers alternate on a path.
  private static func substitute(
    _ found: [Int: MessageTree.Part], after parts: [MessageTree.Part]
  ) -> MessageTree.Part {
    let reply = found.values.first { $0.parent == parts.count }
    let neighbour = reply?.message.role ?? parts.last?.message.role
    let role: Role = neighbour == .user ? .assistant : .user
    let follows = parts.last.map { $0.message.role != role } ?? false
    return MessageTree.Part(
      message: Message(role: role, content: note, finish: role == .assistant ? .failed : nil),
      parent: follows ? parts.count - 1 : parts.last?.parent, chosen: nil)
  }
}
