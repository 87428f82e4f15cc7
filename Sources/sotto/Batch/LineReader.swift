import Basics
import Foundation

/// Reads lines of a file or of standard input as they arrive. For one caller at a time.
final class LineReader: @unchecked Sendable {
  /// Longer lines are not held in memory: they are reported as empty `tooLong` lines.
  static let longestLine = 64 << 20

  /// A line without its line break.
  struct Line: Sendable {
    /// Counted from 1.
    let number: Int
    let bytes: [UInt8]
    let isTooLong: Bool

    /// Whether it has only spaces.
    var isBlank: Bool { !isTooLong && bytes.allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D } }
  }

  /// The number of lines that are not blank; nil for a pipe or a terminal.
  let total: Int?
  private let descriptor: Int32
  private let path: String
  private var buffer: [UInt8] = []
  /// The start of the next line in `buffer`.
  private var start = 0
  private var number = 0
  private var isAtEnd = false

  /// - Parameter path: a file, or "-" for standard input.
  init(_ path: String) throws(FileError) {
    self.path = path == "-" ? "standard input" : path
    descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      let code = errno
      throw FileError(
        code == ENOENT ? .notFound : .unreadable, file: path, FileError.reason(code),
        advice: "--input requires a file with requests")
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      total = nil
      return
    }
    // Counted with a second pass over the file, which is rewound.
    let begin = lseek(descriptor, 0, SEEK_CUR)
    total = Self.countLines(descriptor)
    lseek(descriptor, begin, SEEK_SET)
  }

  deinit { if descriptor > STDERR_FILENO { close(descriptor) } }

  private static func countLines(_ descriptor: Int32) -> Int {
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    var count = 0, hasText = false
    while true {
      let size = read(descriptor, &chunk, chunk.count)
      guard size > 0 else { return count + (hasText ? 1 : 0) }
      for byte in chunk[..<size] {
        if byte == 0x0A {
          count += hasText ? 1 : 0
          hasText = false
        } else if byte > 0x20 {
          hasText = true
        }
      }
    }
  }

  /// The next line. Blocks until it is complete.
  /// - Parameter isCancelled: polled while nothing arrives.
  /// - Returns: nil at the end, or when cancelled.
  func next(_ isCancelled: () -> Bool) throws(FileError) -> Line? {
    var searched = start, isTooLong = false
    while true {
      if let end = buffer[searched...].firstIndex(of: 0x0A) {
        defer { start = end + 1 }
        return line(start..<end, isTooLong)
      }
      if buffer.count - start > Self.longestLine {
        isTooLong = true
        start = buffer.count
      }
      buffer.removeFirst(start)
      (start, searched) = (0, buffer.count)
      if isAtEnd {
        guard !buffer.isEmpty || isTooLong else { return nil }
        defer { start = buffer.count }
        return line(0..<buffer.count, isTooLong)
      }
      guard try fill(isCancelled) else { return nil }
    }
  }

  private func line(_ range: Range<Int>, _ isTooLong: Bool) -> Line {
    number += 1
    return Line(number: number, bytes: isTooLong ? [] : Array(buffer[range]), isTooLong: isTooLong)
  }

  /// Reads more bytes.
  /// - Returns: false when cancelled.
  private func fill(_ isCancelled: () -> Bool) throws(FileError) -> Bool {
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      var state = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      let ready = poll(&state, 1, 200)
      if isCancelled() { return false }
      if ready == 0 || ready < 0 && errno == EINTR { continue }
      let size = read(descriptor, &chunk, chunk.count)
      if size < 0, errno == EINTR || errno == EAGAIN { continue }
      guard size >= 0 else { throw .system(errno, path) }
      if size == 0 { isAtEnd = true }
      buffer += chunk[..<size]
      return true
    }
  }
}
