import Foundation

/// Standard output and error, unbuffered: what is written is there at once, also in a pipe.
enum Console {
  /// Writes text to standard output as it is. A closed pipe ends the program as it ends others.
  static func out(_ text: String) { write(text, to: .standardOutput) }

  /// Writes a line to standard error.
  static func note(_ line: String) { write(line + "\n", to: .standardError) }

  private static func write(_ text: String, to handle: FileHandle) {
    do {
      try handle.write(contentsOf: Data(text.utf8))
    } catch {
      // Nobody reads any more (EPIPE): there is nobody to tell.
      exit(handle === FileHandle.standardOutput ? 141 : 1)
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
