import Basics
import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The database in the session file, opened when it is used. A damaged file is renamed, and what can be read of it is
/// written to a new one. For one thread at a time.
final class RecoveringDatabase: Sendable {
  private struct State {
    var database: SessionDatabase?
    var identity: SessionFile.Identity?
    /// The known sessions when the file was closed.
    var known: [String: SessionDatabase.Known] = [:]
  }

  private let file: SessionFile
  // There is no contention.
  private let state = Mutex(State())

  init(path: String) { file = SessionFile(path: path) }

  /// Closes the file. The next use opens it again.
  func close() {
    state.withLock { state in
      if let known = state.database?.known { state.known = known }
      state.database = nil
    }
  }

  /// Opens the database if necessary; a damaged one is replaced once.
  /// - Parameter report: is called with a message for the user if a file was replaced.
  func use<Result>(
    _ report: (String) -> Void, _ body: (inout SessionDatabase) throws -> Result
  ) throws -> Result {
    do {
      return try inDatabase(body)
    } catch SessionFile.Problem.unusable(let reason) {
      do {
        try replace(reason, report)
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
        // The opened file may have been removed, or renamed by another process.
        if state.identity != file.identity {
          state.database?.keepLog()
          state = State(identity: file.identity)
        }
        // A file that was read-only may be writable now.
        if let known = state.database?.known, state.database?.isReadOnly == true {
          (state.database, state.known) = (nil, known)
        }
        if state.database == nil {
          var opened = try file.open()
          if opened.identity == state.identity { opened.database.known = state.known }
          state = State(database: opened.database, identity: opened.identity)
        }
        guard var database = state.database else {
          throw SessionStore.Failure(description: "the file of conversations is closed")
        }
        defer { state.database = database }
        return try body(&database)
      } catch let error as SessionDatabase.Conflict {
        throw error
      } catch let error as MessageTree.Malformed {
        throw SessionStore.Failure(description: "this conversation is damaged and cannot be opened: \(error)")
      } catch {
        let problem = file.problem(of: error)
        // A read-only file may be in use by another user: it is not renamed.
        if case .unusable(let reason) = problem, state.database?.isReadOnly == true {
          throw SessionFile.Problem.unavailable("\(file.path): \(reason)")
        }
        throw problem
      }
    }
  }

  /// A damaged file is renamed; what can be read of it is written to a new one.
  private func replace(_ reason: String, _ report: (String) -> Void) throws {
    let (target, open) = try state.withLock { state in
      let open = Set((state.database?.known ?? state.known).keys)
      state = State(identity: state.identity)
      return (try file.moveAside(state.identity), open)
    }
    guard let target else { return }
    let found = SalvagedSessions.read(target)
    var text = "\(file.path) cannot be used (\(reason)). It was renamed to \(target)"
    do {
      let now = Date().timeIntervalSince1970
      let saved = found.entries.isEmpty ? 0 : try inDatabase { try $0.add(found, at: now, open: open) }
      text +=
        saved == 0
        ? ", and a new file was created."
        : "; \(found.summary(of: saved)) in it were saved in a new file."
    } catch {
      report(text + "; what it holds could not be saved in a new file: \(failure(error))")
      throw error
    }
    report(text)
  }

  private func failure(_ error: any Error) -> any Error {
    switch error {
    case SessionFile.Problem.unusable(let reason):
      SessionStore.Failure(description: "\(file.path): \(reason)")
    case SessionFile.Problem.unavailable(let reason): SessionStore.Failure(description: reason)
    default: error
    }
  }
}
