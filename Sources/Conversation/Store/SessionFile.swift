import Checkpoints
import GRDB

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The file that holds the sessions: made with its folder where it is missing, moved aside where it is damaged.
struct SessionFile: Sendable {
  let path: String

  /// What stands between this program and its file; nil when an error has nothing to do with the file's contents.
  enum Problem: Error, Equatable {
    /// Not a database, or a damaged one, or another program's: to be moved aside. The reason is in words.
    case unusable(String)
    /// To be left as it is; sessions cannot be kept.
    case unavailable(String)
  }

  /// Tells which file it is, over all renamings.
  struct Identity: Equatable, Sendable {
    var device: UInt64
    var number: UInt64
  }

  /// Opens the file, which is made if need be, readable by its owner alone.
  /// - Throws: `Problem`.
  func open() throws -> (database: SessionDatabase, identity: Identity?) {
    try make()
    let identity = identity
    do {
      // A program that is making the same file at this moment is done with it soon.
      let deadline = ContinuousClock.now + .seconds(SessionDatabase.patience)
      while true {
        do { return (try SessionDatabase(path: path), identity) } catch let error as DatabaseError {
          guard error.isLock, ContinuousClock.now < deadline else { throw error }
          usleep(50_000)
        }
      }
    } catch {
      let problem = problem(of: error)
      // What was saved can still be read where nothing can be written.
      guard case .unavailable = problem, !isWritable, let database = try? SessionDatabase(readingAlone: path)
      else { throw problem }
      return (database, identity)
    }
  }

  /// What an error says of the file.
  func problem(of error: any Error) -> Problem {
    switch error {
    case let problem as Problem: return problem
    case SessionSchema.Refusal.newer:
      return .unavailable("\(path) was written by a later version of Sotto; this one leaves it alone")
    case SessionSchema.Refusal.foreign: return .unusable("it is not a file of Sotto's")
    case let error as DatabaseError:
      let words = error.message ?? "\(error.resultCode)"
      switch error.resultCode {
      // SQLITE_ERROR: a table is missing or has other columns.
      case .SQLITE_NOTADB, .SQLITE_CORRUPT, .SQLITE_ERROR, .SQLITE_FORMAT, .SQLITE_SCHEMA, .SQLITE_MISMATCH:
        return .unusable(words)
      default: return unavailable(error, words)
      }
    default: return .unavailable("\(path): \(error)")
    }
  }

  /// Renames the file and its log to a name beside it, unless another program has done so already.
  /// - Returns: the new path; nil when the file at this path is another one by now.
  /// - Throws: `Problem` when it cannot be renamed.
  func moveAside(_ damaged: Identity?) throws -> String? {
    guard let identity, identity == damaged else { return nil }
    var target = "\(path).damaged"
    var count = 1
    while access(target, F_OK) == 0 {
      count += 1
      target = "\(path).damaged-\(count)"
    }
    guard rename(path, target) == 0 else {
      let reason = String(cString: strerror(errno))
      throw Problem.unavailable("\(path) is damaged and cannot be moved aside: \(reason)")
    }
    // SQLite looks for the log beside the file that it belongs to.
    _ = rename(path + "-wal", target + "-wal")
    unlink(path + "-shm")
    return target
  }

  /// Which file is at the path; nil for none.
  var identity: Identity? {
    var facts = stat()
    guard stat(path, &facts) == 0 else { return nil }
    return Identity(device: UInt64(truncatingIfNeeded: facts.st_dev), number: UInt64(facts.st_ino))
  }

  /// Whether the file and its folder, where the log is, can be written to; `errno` says why not.
  private var isWritable: Bool {
    access(path, R_OK | W_OK) == 0 && access(FileSystem.folder(of: path), W_OK | X_OK) == 0
  }

  /// An error of the system's, with its reason, which SQLite's words do not always say.
  private func unavailable(_ error: DatabaseError, _ words: String) -> Problem {
    if error.isLock {
      return .unavailable("\(path): another program keeps it locked; end that program")
    }
    let number = error.resultCode == .SQLITE_FULL ? ENOSPC : isWritable ? 0 : errno
    guard number != 0 else { return .unavailable("\(path): \(words)") }
    return .unavailable("\(CheckpointError.writing(number, path))")
  }

  private func make() throws {
    do { try FileSystem.makeFolder(FileSystem.folder(of: path)) } catch {
      throw Problem.unavailable("\(error)")
    }
    // Not opened by us when it is there: locks of SQLite's would be lost by closing it.
    let descriptor = creat()
    if descriptor >= 0 {
      close(descriptor)
    } else if errno != EEXIST {
      throw Problem.unavailable("\(CheckpointError.writing(errno, path))")
    }
    var facts = stat()
    guard stat(path, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else {
      throw Problem.unavailable("\(path) is not a file; move it away")
    }
  }

  private func creat() -> Int32 {
    #if canImport(Glibc)
      Glibc.open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    #elseif canImport(Musl)
      Musl.open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    #else
      Darwin.open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    #endif
  }
}

extension DatabaseError {
  /// Another program is writing.
  fileprivate var isLock: Bool { resultCode == .SQLITE_BUSY || resultCode == .SQLITE_LOCKED }
}
