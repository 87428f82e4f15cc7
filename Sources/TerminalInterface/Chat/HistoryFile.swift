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

  /// The maximum bytes of the file; a longer one is reduced to its newest half when it is loaded.
  package static let limit = 4 * 1024 * 1024

  /// The newest entries, oldest first; none when there is no file.
  package func load() -> [String] {
    guard let (text, isComplete) = readEnd(path, limit: 2 * Self.limit) else { return [] }
    var lines = text.utf8.split(separator: 10)
    // The first line may be the end of an entry.
    if !isComplete, !lines.isEmpty { lines.removeFirst() }
    let entries = lines.map { Self.decoded(Substring($0)) }
    guard text.utf8.count > Self.limit else { return entries }
    let kept = Array(entries.suffix(entries.count / 2))
    rewrite(kept)
    return kept
  }

  /// Removes all entries that are among `texts`.
  package func remove(_ texts: Set<String>) {
    guard let (text, _) = readEnd(path, limit: .max / 2) else { return }
    let entries = text.utf8.split(separator: 10).map { Self.decoded(Substring($0)) }
    let kept = entries.filter { !texts.contains($0) }
    if kept.count < entries.count { rewrite(kept) }
  }

  private func rewrite(_ entries: [String]) {
    try? WholeFileWriter.write(
      entries.map { Self.encoded($0) + "\n" }.joined(), to: path, permissions: 0o600)
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
    entry.unicodeScalars.reduce(into: "") { text, scalar in
      switch scalar {
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      default: text.unicodeScalars.append(scalar)
      }
    }
  }

  package static func decoded(_ line: some StringProtocol) -> String {
    var text = ""
    var isEscaped = false
    for scalar in line.unicodeScalars {
      if isEscaped {
        text.unicodeScalars.append(scalar == "n" ? "\n" : scalar == "r" ? "\r" : scalar)
        isEscaped = false
      } else if scalar == "\\" {
        isEscaped = true
      } else {
        text.unicodeScalars.append(scalar)
      }
    }
    return text
  }
}
