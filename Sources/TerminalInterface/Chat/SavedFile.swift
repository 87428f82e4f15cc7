import Basics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The files that `/save` writes.
package enum SavedFile {
  /// Writes a text and returns a message with the result. An existing file is kept: the new one gets a number.
  package static func write(_ text: String, to path: String) -> String {
    let path = absolute(unused(UserFolders().expanding(path)))
    do throws(FileError) { try WholeFileWriter.write(text, to: path) } catch {
      return "\(path) could not be written: \(error.problem)"
        + (error.advice.isEmpty ? "" : "; \(error.advice)")
    }
    return "Saved as \(path)"
  }

  // The message names the place whatever the current folder is.
  private static func absolute(_ path: String) -> String {
    guard !path.hasPrefix("/"), let current = realpath(".", nil) else { return path }
    defer { free(current) }
    return FileSystem.join(String(cString: current), path)
  }

  private static func unused(_ path: String) -> String {
    guard access(path, F_OK) == 0 else { return path }
    let name = path.split(separator: "/").last.map(String.init) ?? path
    let ending = name.lastIndex(of: ".").map { String(name[$0...]) } ?? ""
    let stem = path.dropLast(ending.count)
    for number in 2..<1000 {
      let candidate = "\(stem)-\(number)\(ending)"
      if access(candidate, F_OK) != 0 { return candidate }
    }
    return path
  }
}
