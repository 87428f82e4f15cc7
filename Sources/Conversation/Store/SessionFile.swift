import Basics
import GRDB

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The file of the sessions: created with its folder if missing, renamed if damaged.
struct SessionFile: Sendable {
  let path: String

  /// The reasons for which a file cannot be used.
  enum Problem: Error, Equatable {
    /// It is no database, or a damaged one, or of another program: it is to be renamed.
    case unusable(String)
    /// It must not be changed; sessions cannot be saved.
    case unavailable(String)
  }

  /// Identifies a file independent of its name.
  struct Identity: Equatable, Sendable {
    var device: UInt64
    var number: UInt64
  }

  /// Opens the file. Creates it with mode 0600 if it is missing.
  /// - Throws: `Problem`.
  func open() throws -> (database: SessionDatabase, identity: Identity?) {
    try makeFolder()
    return try withLock { try openLocked() }
  }

  private func openLocked() throws -> (database: SessionDatabase, identity: Identity?) {
    try make()
    let identity = identity
    do {
      // Another process may be creating the same file now.
      let deadline = ContinuousClock.now + .seconds(SessionDatabase.busyTimeout)
      while true {
        do { return (try SessionDatabase(path: path), identity) } catch let error as DatabaseError {
          guard error.isLock, ContinuousClock.now < deadline else { throw error }
          usleep(50_000)
        }
      }
    } catch {
      let problem = problem(of: error)
      // Saved sessions can still be read if the file is read-only or the disk is full.
      guard case .unavailable = problem, !isWritable || isDiskFull,
        let database = try? SessionDatabase(readingAlone: path)
      else { throw problem }
      return (database, identity)
    }
  }

  /// Classifies an error.
  func problem(of error: any Error) -> Problem {
    switch error {
    case let problem as Problem: return problem
    case SessionSchema.Refusal.newer:
      return .unavailable(
        "\(path) was written by a newer version of Sotto and was not changed; update Sotto to use it")
    case SessionSchema.Refusal.foreign: return .unusable("it is not a conversation file of Sotto")
    case let error as DatabaseError:
      let text = error.message ?? "\(error.resultCode)"
      switch error.resultCode {
      // All other errors say nothing about the file: it must not be renamed.
      case .SQLITE_NOTADB, .SQLITE_CORRUPT: return .unusable(text)
      default: return unavailable(error, text)
      }
    default: return .unavailable("\(path): \(error)")
    }
  }

  /// Renames the file and its write-ahead log, unless another process has already done so.
  /// - Returns: the new path; nil when the path now refers to another file.
  /// - Throws: `Problem` when it cannot be renamed.
  func moveAside(_ damaged: Identity?) throws -> String? {
    try withLock {
      guard let identity, identity == damaged else { return nil }
      var target = "\(path).damaged"
      var count = 1
      while access(target, F_OK) == 0 {
        count += 1
        target = "\(path).damaged-\(count)"
      }
      // The log first: SQLite would replay a log that stays beside a new file into that file.
      guard rename(path + "-wal", target + "-wal") == 0 || errno == ENOENT else { throw cannotRename(errno) }
      unlink(path + "-shm")
      guard rename(path, target) == 0 else {
        let number = errno
        _ = rename(target + "-wal", path + "-wal")
        throw cannotRename(number)
      }
      return target
    }
  }

  private func cannotRename(_ number: Int32) -> Problem {
    .unavailable(
      "\(path) is damaged and cannot be renamed: \(String(cString: strerror(number))); rename it yourself")
  }

  /// Excludes other processes that open, create or rename the file. The lock is on the folder, so that it needs no
  /// file of its own.
  private func withLock<Result>(_ body: () throws -> Result) throws -> Result {
    let descriptor = openFolder()
    defer { if descriptor >= 0 { close(descriptor) } }
    // A file system without locks is used without one.
    if descriptor >= 0 { while flock(descriptor, LOCK_EX) != 0, errno == EINTR {} }
    return try body()
  }

  private func openFolder() -> Int32 {
    let folder = FileSystem.folder(of: path)
    #if canImport(Glibc)
      return Glibc.open(folder, O_RDONLY | O_CLOEXEC)
    #elseif canImport(Musl)
      return Musl.open(folder, O_RDONLY | O_CLOEXEC)
    #else
      return Darwin.open(folder, O_RDONLY | O_CLOEXEC)
    #endif
  }

  /// The identity of the file at the path; nil for none.
  var identity: Identity? {
    var facts = stat()
    guard stat(path, &facts) == 0 else { return nil }
    return Identity(device: UInt64(truncatingIfNeeded: facts.st_dev), number: UInt64(facts.st_ino))
  }

  /// Whether the file and its folder, which holds the log, are writable; sets `errno` if not.
  private var isWritable: Bool {
    access(path, R_OK | W_OK) == 0 && access(FileSystem.folder(of: path), W_OK | X_OK) == 0
  }

  /// Whether the disk has no room for the log, of which SQLite says only "disk I/O error".
  private var isDiskFull: Bool {
    var facts = statvfs()
    guard statvfs(FileSystem.folder(of: path), &facts) == 0 else { return false }
    return UInt64(facts.f_bavail) * UInt64(facts.f_frsize) < 1 << 16
  }

  /// A system error with its reason, which SQLite's message does not always contain.
  private func unavailable(_ error: DatabaseError, _ text: String) -> Problem {
    if error.isLock {
      return .unavailable("\(path): another process has locked it; close that process")
    }
    let isFull = error.resultCode == .SQLITE_FULL || isDiskFull
    let number = isFull ? ENOSPC : isWritable ? 0 : errno
    guard number != 0 else { return .unavailable("\(path): \(text)") }
    return .unavailable("\(FileError.writing(number, path))")
  }

  private func makeFolder() throws {
    do { try FileSystem.makeFolder(FileSystem.folder(of: path)) } catch {
      throw Problem.unavailable("\(error)")
    }
  }

  private func make() throws {
    // An existing file is not opened here: closing it would release SQLite's locks on it.
    let descriptor = creat()
    if descriptor >= 0 {
      close(descriptor)
    } else if errno != EEXIST {
      throw Problem.unavailable("\(FileError.writing(errno, path))")
    }
    var facts = stat()
    guard stat(path, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else {
      throw Problem.unavailable("\(path) is not a regular file; rename or remove it")
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
  /// Another process holds a lock.
  fileprivate var isLock: Bool { resultCode == .SQLITE_BUSY || resultCode == .SQLITE_LOCKED }
}
