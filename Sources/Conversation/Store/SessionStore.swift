import Dispatch
import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The sessions that are kept on disk, in one SQLite file that several Sottos may use at once.
///
/// Nothing here blocks its caller: the file is used on a queue of its own, in the order of the calls. It is opened
/// with the first of them. A file that is damaged is moved aside and a new one begun; `listen` tells of it.
public final class SessionStore: Sendable {
  /// What became of a session that was to be saved.
  public enum Outcome: Sendable, Equatable {
    /// It is on disk.
    case saved
    /// Another program had changed or deleted it since: all of it was saved under this new identifier.
    case copied(to: String)
    /// It is not on disk, for this reason.
    case failed(String)
  }

  /// What cannot be done, in words for the person.
  public struct Failure: Error, CustomStringConvertible, Equatable {
    /// The reason.
    public let description: String

    package init(description: String) { self.description = description }
  }

  private struct State {
    var database: SessionDatabase?
    var identity: SessionFile.Identity?
    /// What was known of the file when it was closed.
    var known: [String: SessionDatabase.Known] = [:]
  }

  private struct Listener {
    var report: (@Sendable (String) -> Void)?
    var waiting: [String] = []
  }

  private struct Waiting: Sendable {
    var session: Session
    var done: @Sendable (Outcome) -> Void
  }

  private let file: SessionFile
  private let queue = DispatchQueue(label: "sotto.sessions", qos: .utility)
  // Taken on the queue alone, so nobody ever waits for it.
  private let state = Mutex(State())
  // The new names of sessions that another program changed.
  private let copies = Mutex<[String: String]>([:])
  private let outcomes = Mutex<[String: Outcome]>([:])
  // Sessions that are to be saved: only the latest state of each.
  private let waiting = Mutex<[String: Waiting]>([:])
  private let listener = Mutex(Listener())

  /// The store in the file at this path.
  public init(path: String) { file = SessionFile(path: path) }

  /// Where sessions are kept: `sotto/sessions.sqlite` in the data folder (XDG_DATA_HOME). Nil where there is no such
  /// folder.
  public static func path(environment: [String: String]) -> String? {
    if let data = environment["XDG_DATA_HOME"], data.hasPrefix("/") { return data + "/sotto/sessions.sqlite" }
    return environment["HOME"].map { $0 + "/.local/share/sotto/sessions.sqlite" }
  }

  /// Calls `report` with everything that the person should know, what happened before included.
  public func listen(_ report: @escaping @Sendable (String) -> Void) {
    let earlier = listener.withLock { listener in
      defer { listener = Listener(report: report) }
      return listener.waiting
    }
    for text in earlier { report(text) }
  }

  /// Saves what has changed. `done` is called later, unless a newer state of the session takes this one's place.
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

  /// What became of a session when it was saved here last; nil when it never was.
  public func outcome(of id: String) -> Outcome? { outcomes.withLock { $0[id] } }

  /// The sessions, the one that was saved last first.
  public func list() async throws -> [SessionSummary] { try await use { try $0.list() } }

  /// The session with this identifier; nil when there is none.
  public func load(_ id: String) async throws -> Session? {
    try await use { [self] database in
      copies.withLock { $0[id] = nil }
      return try database.load(id)
    }
  }

  /// The session that is meant by its identifier, the beginning of it, or its title; "latest" is the one that was
  /// saved last.
  /// - Throws: `Failure` when none is meant, or several.
  public func find(_ text: String) async throws -> SessionSummary {
    let list = try await list()
    if let found = text == "latest" ? list.first : SessionSummary.find(text, in: list) { return found }
    throw Failure(
      description: list.isEmpty
        ? "no sessions are kept yet" : "'\(text)' names no session, or several; the latest is \(list[0].id)")
  }

  /// Deletes a session for good.
  public func delete(_ id: String) async throws {
    waiting.withLock { _ = $0.removeValue(forKey: id) }
    try await use { try $0.delete(id) }
  }

  /// Returns when all that was asked for before is done and the file is closed. Later calls open it again.
  public func close() async {
    await withCheckedContinuation { continuation in
      queue.async { [self] in
        state.withLock { state in
          if let known = state.database?.known { state.known = known }
          state.database = nil
        }
        continuation.resume()
      }
    }
  }

  /// Returns when what was asked for before is done.
  public func flush() async {
    await withCheckedContinuation { continuation in queue.async { continuation.resume() } }
  }

  private func use<Result: Sendable>(
    _ body: @escaping @Sendable (inout SessionDatabase) throws -> Result
  ) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
      queue.async { [self] in
        do { continuation.resume(returning: try withDatabase(body)) } catch {
          continuation.resume(throwing: error)
        }
      }
    }
  }

  // On the queue

  private func write(_ session: Session) -> Outcome {
    let now = Date().timeIntervalSince1970
    var saved = session
    do {
      do {
        if let copy = copies.withLock({ $0[session.id] }) { saved.id = copy }
        try withDatabase { try $0.save(saved, at: now) }
      } catch is SessionDatabase.Conflict {
        saved.id = SessionIdentifier.make()
        try withDatabase { try $0.save(saved, at: now) }
        copies.withLock { $0[session.id] = saved.id }
      }
      return saved.id == session.id ? .saved : .copied(to: saved.id)
    } catch {
      return .failed("\(error)")
    }
  }

  // Opens the database if need be; one that turns out to be damaged is replaced once.
  private func withDatabase<Result>(_ body: (inout SessionDatabase) throws -> Result) throws -> Result {
    do {
      return try inDatabase(body)
    } catch SessionFile.Problem.unusable(let reason) {
      do {
        try replace(reason)
        return try inDatabase(body)
      } catch {
        throw failure(error)
      }
    } catch {
      throw failure(error)
    }
  }

  private func inDatabase<Result>(_ body: (inout SessionDatabase) throws -> Result) throws -> Result {
    try state.withLock { state in
      do {
        // The file that was opened may have been removed, or moved aside by another program.
        if state.identity != file.identity { state = State(identity: file.identity) }
        // It may have become writable.
        if let known = state.database?.known, state.database?.isReadOnly == true {
          (state.database, state.known) = (nil, known)
        }
        if state.database == nil {
          var opened = try file.open()
          if opened.identity == state.identity { opened.database.known = state.known }
          state = State(database: opened.database, identity: opened.identity)
        }
        guard var database = state.database else { throw Failure(description: "the sessions are closed") }
        defer { state.database = database }
        return try body(&database)
      } catch let error as SessionDatabase.Conflict {
        throw error
      } catch let error as MessageTree.Malformed {
        throw Failure(description: "this session is damaged: \(error)")
      } catch {
        let problem = file.problem(of: error)
        // Somebody else's, who may be writing to it: nothing to be moved aside.
        if case .unusable(let reason) = problem, state.database?.isReadOnly == true {
          throw SessionFile.Problem.unavailable("\(file.path): \(reason)")
        }
        throw problem
      }
    }
  }

  private func replace(_ reason: String) throws {
    let target = try state.withLock { state in
      state = State(identity: state.identity)
      return try file.moveAside(state.identity)
    }
    guard let target else { return }
    tell("\(file.path) cannot be read (\(reason)). It was moved to \(target), and a new file was begun.")
  }

  private func failure(_ error: any Error) -> any Error {
    switch error {
    case SessionFile.Problem.unusable(let reason): Failure(description: "\(file.path): \(reason)")
    case SessionFile.Problem.unavailable(let reason): Failure(description: reason)
    default: error
    }
  }

  private func tell(_ text: String) {
    let report = listener.withLock { listener in
      if listener.report == nil { listener.waiting.append(text) }
      return listener.report
    }
    report?(text)
  }
}
