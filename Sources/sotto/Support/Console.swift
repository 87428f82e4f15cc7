import Foundation
import TerminalInterface

/// Standard output and error, unbuffered: what is written appears at once, also in a pipe.
enum Console {
  /// Writes text to standard output as it is. A closed pipe ends the program without a message, as usual for
  /// filters; another failure, such as a full disk, is reported.
  static func out(_ text: String) {
    switch write(text, to: STDOUT_FILENO) {
    case 0: break
    case EPIPE: exit(141)
    case let code:
      note("sotto: standard output cannot be written: \(String(cString: strerror(code)))")
      exit(1)
    }
  }

  /// Writes text of a model or a file to standard output: control characters as visible ones on a terminal, as
  /// it is elsewhere.
  static func show(_ text: String) { out(isTerminal ? VisibleText.of(text) : text) }

  private static let isTerminal = isatty(STDOUT_FILENO) != 0

  /// Writes a line to standard error.
  static func note(_ line: String) { _ = write(line + "\n", to: STDERR_FILENO) }

  /// - Returns: 0 or the error's number.
  private static func write(_ text: String, to descriptor: Int32) -> Int32 {
    var text = text
    return text.withUTF8 { bytes in
      var position = 0
      while position < bytes.count {
        let count = Foundation.write(
          descriptor, bytes.baseAddress.map { $0 + position }, bytes.count - position)
        if count >= 0 {
          position += count
        } else if errno == EAGAIN {
          var state = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
          poll(&state, 1, -1)
        } else if errno != EINTR {
          return errno
        }
      }
      return 0
    }
  }

  /// All of standard input as text.
  static func input() throws -> String {
    let data = try FileHandle.standardInput.readToEnd() ?? Data()
    return String(decoding: data, as: UTF8.self)
  }

  /// A text argument: itself, or standard input for "-".
  static func text(_ argument: String) throws -> String { argument == "-" ? try input() : argument }
}
