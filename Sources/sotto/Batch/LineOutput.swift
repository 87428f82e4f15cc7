import Basics
import Foundation
import Synchronization

/// Appends lines to a file or to standard output. After an interruption a file has whole lines, and at most one partial
/// line at its end if the system stopped in a write; that one is removed when the batch is resumed.
final class LineOutput: Sendable {
  /// The identifiers of the lines that the file had.
  let done: Set<String>
  private let descriptor: Int32
  private let path: String
  /// Held while a line is written.
  private let writing = Mutex(())

  /// - Parameters:
  ///   - path: a file, or "-" for standard output.
  ///   - resumes: whether to keep the whole lines of an existing file.
  init(_ path: String, resumes: Bool) throws {
    self.path = path == "-" ? "standard output" : path
    guard path != "-" else {
      (descriptor, done) = (STDOUT_FILENO, [])
      return
    }
    descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw FileError.writing(errno, path) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size > 0 else {
      done = []
      return
    }
    guard resumes else {
      close(descriptor)
      throw FileError(
        .unreadable, file: path, "the file is not empty",
        advice: "add --resume to answer only what is missing there, or choose another file")
    }
    let found = try Self.read(path)
    done = found.done
    guard ftruncate(descriptor, off_t(found.end)) == 0 else { throw FileError.writing(errno, path) }
  }

  deinit { if descriptor > STDERR_FILENO { close(descriptor) } }

  /// The identifiers of all whole lines, and the end of the last one.
  private static func read(_ path: String) throws(FileError) -> (done: Set<String>, end: Int) {
    let reader = try LineReader(path)
    var done: Set<String> = []
    let content = try MappedFile(path).bytes
    let end = content.withUnsafeBytes { $0.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0 }
    let whole = content.withUnsafeBytes { $0[..<end].count { $0 == 0x0A } }
    while let line = try reader.next({ false }), line.number <= whole {
      guard let json = try? JSON(parsing: line.bytes), let id = json["custom_id"] ?? json["id"] else {
        continue
      }
      done.insert(id.text())
    }
    return (done, end)
  }

  /// Appends a line.
  func write(_ line: JSON) throws {
    try writing.withLock { _ in try append(Array((line.text() + "\n").utf8)[...]) }
  }

  private func append(_ bytes: ArraySlice<UInt8>) throws {
    var bytes = bytes
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      if count < 0, errno == EAGAIN {
        var state = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        poll(&state, 1, -1)
        continue
      }
      guard count >= 0 else { throw FileError.writing(errno, path) }
      bytes = bytes.dropFirst(count)
    }
  }
}
