import Foundation
import TerminalInterface

/// Unbuffered standard output and error: text appears at once, also in a pipe.
enum Console {
  /// Writes text to standard output without changes. A closed pipe ends the program without a message, as usual for
  /// filters; other errors, such as a full disk, are reported.
  static func out(_ text: String) {
    switch write(text, to: STDOUT_FILENO) {
    case 0: break
    case EPIPE: exit(141)
    case let code:
      note("sotto: standard output cannot be written: \(String(cString: strerror(code)))")
      exit(1)
    }
  }

  /// Writes untrusted text to standard output. On a terminal, control characters are replaced by visible ones;
  /// otherwise the text is unchanged.
  static func show(_ text: String) { out(isTerminal ? VisibleText.of(text) : text) }

  private static let isTerminal = isatty(STDOUT_FILENO) != 0

  /// The columns of the terminal on standard error; 100 if there is none.
  static var columns: Int {
    var size = winsize()
    guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 100 }
    return min(Int(size.ws_col), 100)
  }

  /// Writes text to standard error, without a line break.
  static func status(_ text: String) { _ = write(text, to: STDERR_FILENO) }

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
