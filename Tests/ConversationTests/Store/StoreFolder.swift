import Conversation
import GRDB
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A temporary folder with a session database, removed on deinit.
final class StoreFolder: Sendable {
  let url = FileManager.default.temporaryDirectory.appendingPathComponent("sotto-store-\(UUID().uuidString)")
  var path: String { url.appendingPathComponent("data/sotto/sessions.sqlite").path }

  deinit { try? FileManager.default.removeItem(at: url) }

  /// A new store on the file, like another process.
  func store() -> SessionStore { SessionStore(path: path) }

  var files: [String] {
    let folder = url.appendingPathComponent("data/sotto").path
    return ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
  }

  /// Writes the file of the store.
  func put(_ data: Data) throws {
    try FileManager.default.createDirectory(
      at: url.appendingPathComponent("data/sotto"), withIntermediateDirectories: true)
    try data.write(to: URL(fileURLWithPath: path))
  }

  func contents() throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }

  /// Changes the file without the store.
  func execute(_ sql: String) throws {
    try DatabaseQueue(path: path).writeWithoutTransaction { try $0.execute(sql: sql) }
  }

  /// The messages of the store.
  static func notes(of store: SessionStore) -> [String] {
    let notes = Notes()
    store.listen { notes.texts.append($0) }
    return notes.texts
  }

  private final class Notes: @unchecked Sendable {
    var texts: [String] = []
  }
}

extension SessionStore {
  /// Saves and waits for the outcome.
  func saved(_ session: Session) async -> Outcome {
    await withCheckedContinuation { continuation in
      save(session) { continuation.resume(returning: $0) }
    }
  }
}

/// A conversation of one turn.
func session(_ id: String, _ question: String = "Why is the sea salt?", title: String? = nil) -> Session {
  var tree = MessageTree(systemPrompt: "Be brief.")
  tree.append(Message(role: .user, content: question))
  tree.append(
    Message(
      role: .assistant, content: "Rivers.", reasoning: "hm", reasoningTime: 0.5, model: "small",
      finish: .stop,
      statistics: TurnStatistics(promptTokens: 12, reusedTokens: 3, reuse: .snapshot)))
  return Session(id: id, title: title, model: "small", tree: tree)
}
