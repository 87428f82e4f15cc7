import Basics
import Dispatch
import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The saved sessions, in one SQLite file that several processes may use at once.
///
/// No method blocks its caller: the file is used on a serial queue, in the order of the calls, and opened by the first
/// call. A damaged file is renamed and replaced by a new one; this is reported through `listen`.
public final class SessionStore: Sendable {
  private struct Listener {
    var report: (@Sendable (String) -> Void)?
    var waiting: [String] = []
  }

  private struct Waiting: Sendable {
    var session: Session
    var done: @Sendable (Outcome) -> Void
  }

  private let database: RecoveringDatabase
  private let queue = DispatchQueue(label: "sotto.sessions", qos: .utility)
  // The new identifiers of sessions that another process changed.
  private let copies = Mutex<[String: String]>([:])
  private let outcomes = Mutex<[String: Outcome]>([:])
  // The latest state of each session that is to be saved.
  private let waiting = Mutex<[String: Waiting]>([:])
  private let listener = Mutex(Listener())

  /// The store in the file at this path.
  public init(path: String) { database = RecoveringDatabase(path: path) }

  /// The file of the sessions: `sotto/sessions.sqlite` in the user's data folder.
  public static func path(_ folders: UserFolders) -> String {
    FileSystem.join(folders.data, "sotto/sessions.sqlite")
  }

  /// Calls `report` with each message for the user, including the earlier ones.
  public func listen(_ report: @escaping @Sendable (String) -> Void) {
    let earlier = listener.withLock { listener in
      defer { listener = Listener(report: report) }
      return listener.waiting
    }
    for text in earlier { report(text) }
  }

  /// Saves the changes of a session. `done` is called with the outcome, unless a newer state replaces this one.
  public func save(_ session: Session, _ done: @escaping @Sendable (Outcome) -> Void = { _ in }) {
    let isFirst = waiting.withLock { waiting in
      waiting.updateValue(Waiting(session: session, done: done), forKey: session.id) == nil
    }
    guard isFirst else { return }
    queue.async { [self] in
      guard let next = waiting.withLock({ $0.removeValue(forKey: session.id) }) else { return }
      let outcome = write(next.session)
      outcomes.withLock { $0[next.session.id] = outcome }
      next.done(outcome)
    }
  }

  /// The outcome of the last save of a session; nil when it was never saved.
  public func outcome(of id: String) -> Outcome? { outcomes.withLock { $0[id] } }

  /// The sessions, the last saved one first.
  public func list() async throws -> [SessionSummary] { try await use { try $0.list() } }

  /// The session with this identifier; nil for none.
  public func load(_ id: String) async throws -> Session? { try await startLoading(id).value }

  /// Starts to load a session, before all later calls.
  public func startLoading(_ id: String) -> Task<Session?, any Error> {
    start { [self] database in
      copies.withLock { $0[id] = nil }
      return try database.load(id)
    }
  }

  /// The session with this identifier or title, or a unique prefix of one; "latest" is the one saved last.
  /// - Parameter command: what lists the sessions, for the message of the error.
  /// - Throws: `Failure` when there is none, or more than one.
  public func find(_ text: String, listedBy command: String = "/sessions") async throws -> SessionSummary {
    let list = try await list()
    if let found = text == "latest" ? list.first : SessionSummary.find(text, in: list) { return found }
    if list.isEmpty { throw Failure(description: "no conversations are saved yet") }
    let matches = SessionSummary.matches(text, in: list)
    guard let first = matches.first else {
      throw Failure(
        description:
          "'\(text)' matches no conversation; \(command) lists them, and the latest is \(list[0].id)")
    }
    let named = matches.prefix(5).map { "\($0.id) (\($0.title))" }.joined(separator: ", ")
    let rest = matches.count > 5 ? " and \(matches.count - 5) more" : ""
    throw Failure(
      description:
        "'\(text)' matches \(matches.count) conversations: \(named)\(rest); give one of these names, such as "
        + first.id)
  }

  /// The messages that contain all words of a text, those of the last saved session first.
  public func search(_ text: String) async throws -> [SessionHit] { try await use { try $0.search(text) } }

  /// Deletes a session permanently.
  public func delete(_ id: String) async throws { try await startDeleting(id).value }

  /// Starts to delete a session permanently; the deletion precedes all later calls.
  public func startDeleting(_ id: String) -> Task<Void, any Error> {
    waiting.withLock { _ = $0.removeValue(forKey: id) }
    return start { try $0.delete(id) }
  }

  /// Closes the file after all earlier calls. Later calls open it again.
  public func close() async {
    await withCheckedContinuation { continuation in
      queue.async { [self] in
        database.close()
        continuation.resume()
      }
    }
  }

  /// Returns when all earlier calls are complete.
  public func flush() async {
    await withCheckedContinuation { continuation in queue.async { continuation.resume() } }
  }

  private func start<Result: Sendable>(
    _ body: @escaping @Sendable (inout SessionDatabase) throws -> Result
  ) -> Task<Result, any Error> {
    let (results, continuation) = AsyncThrowingStream.makeStream(of: Result.self)
    queue.async { [self] in
      do {
        continuation.yield(try database.use(report, body))
        continuation.finish()
      } catch {
        continuation.finish(throwing: error)
      }
    }
    return Task {
      for try await result in results { return result }
      throw CancellationError()
    }
  }

  private func use<Result: Sendable>(
    _ body: @escaping @Sendable (inout SessionDatabase) throws -> Result
  ) async throws -> Result { try await start(body).value }

  // On the queue

  private func write(_ session: Session) -> Outcome {
    let now = Date().timeIntervalSince1970
    var saved = session
    do {
      do {
        if let copy = copies.withLock({ $0[session.id] }) {
          saved.id = copy
          saved.title = session.titleOfCopy
        }
        try database.use(report) { try $0.save(saved, at: now) }
      } catch is SessionDatabase.Conflict {
        saved.id = SessionIdentifier.make()
        saved.title = session.titleOfCopy
        try database.use(report) { try $0.save(saved, at: now) }
        copies.withLock { $0[session.id] = saved.id }
      }
      return saved.id == session.id ? .saved : .copied(to: saved.id)
    } catch {
      return .failed("\(error)")
    }
  }

  private func report(_ text: String) {
    let callback = listener.withLock { listener in
      if listener.report == nil { listener.waiting.append(text) }
      return listener.report
    }
    callback?(text)
  }
}
