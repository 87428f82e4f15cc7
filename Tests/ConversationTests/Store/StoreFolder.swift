import Conversation
import GRDB
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A folder of its own with a database of sessions in it, removed at the end.
final class StoreFolder: Sendable {
  let url = FileManager.default.temporaryDirectory.appendingPathComponent("sotto-store-\(UUID().uuidString)")
  var path: String { url.appendingPathComponent("data/sotto/sessions.sqlite").path }

  deinit { try? FileManager.default.removeItem(at: url) }

  /// A store on the file. Each call is another program as far as the file is concerned.
  func store() -> SessionStore { SessionStore(path: path) }

  var files: [String] {
    let folder = url.appendingPathComponent("data/sotto").path
    return ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
  }

  /// Puts a file where the store expects its own.
  func put(_ data: Data) throws {
    try FileManager.default.createDirectory(
      at: url.appendingPathComponent("data/sotto"), withIntermediateDirectories: true)
    try data.write(to: URL(fileURLWithPath: path))
  }

  func contents() throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }

  /// Changes the file behind the store's back.
  func execute(_ sql: String) throws {
    try DatabaseQueue(path: path).writeWithoutTransaction { try $0.execute(sql: sql) }
  }

  /// What the store has to say.
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
  /// Saves and waits for what became of it.
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
