import Basics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The input history on disk: one entry a line, line feeds and backslashes escaped. Several processes may append to it
/// at once.
package struct HistoryFile {
  package let path: String

  package init(path: String) { self.path = path }

  /// Bytes that are read, from the start; a file that has grown beyond is cut to its newest half.
  package static let limit = 4 * 1024 * 1024

  /// The entries, oldest first; none when there is no file.
  package func load() -> [String] {
    guard let text = readText(path, limit: 2 * Self.limit) else { return [] }
    let entries = text.split(separator: "\n").map { Self.decoded($0) }
    guard text.utf8.count > Self.limit else { return entries }
    let kept = Array(entries.suffix(entries.count / 2))
    try? WholeFileWriter.write(
      kept.map { Self.encoded($0) + "\n" }.joined(), to: path, permissions: 0o600)
    return kept
  }

  /// Appends an entry. Errors are ignored: the history is not essential.
  package func append(_ entry: String) {
    try? FileSystem.makeFolder(FileSystem.folder(of: path))
    let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { return }
    let bytes = Array((Self.encoded(entry) + "\n").utf8)
    let written = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    // On a full disk, a partial entry would be merged with the next one.
    if written > 0, written < bytes.count {
      ftruncate(descriptor, lseek(descriptor, 0, SEEK_CUR) - off_t(written))
    }
    close(descriptor)
  }

  package static func encoded(_ entry: String) -> String {
    entry.reduce(into: "") { text, character in
      switch character {
      case "\\": text += "\\\\"
      case "\n", "\r\n": text += "\\n"
      case "\r": text += "\\r"
      default: text.append(character)
      }
    }
  }

  package static func decoded(_ line: some StringProtocol) -> String {
    var text = ""
    var isEscaped = false
    for character in line {
      if isEscaped {
        text.append(character == "n" ? "\n" : character == "r" ? "\r" : character)
        isEscaped = false
      } else if character == "\\" {
        isEscaped = true
      } else {
        text.append(character)
      }
    }
    return text
  }
}
