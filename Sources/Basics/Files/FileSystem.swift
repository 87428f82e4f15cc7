#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// The few questions that are asked of the file system. Links are followed.
package enum FileSystem {
  /// What is at a path.
  package enum Kind { case file, folder, other, nothing }

  package static func kind(_ path: String) -> Kind {
    var status = stat()
    guard stat(path, &status) == 0 else { return .nothing }
    switch status.st_mode & S_IFMT {
    case S_IFREG: return .file
    case S_IFDIR: return .folder
    default: return .other
    }
  }

  package static func isFile(_ path: String) -> Bool { kind(path) == .file }
  package static func isFolder(_ path: String) -> Bool { kind(path) == .folder }

  /// The size of a file in bytes, 0 where there is none, and when it was last written, in seconds.
  package static func size(_ path: String) -> (bytes: Int, modified: Int) {
    var status = stat()
    guard stat(path, &status) == 0 else { return (0, 0) }
    #if canImport(Darwin)
      return (Int(status.st_size), Int(status.st_mtimespec.tv_sec))
    #else
      return (Int(status.st_size), Int(status.st_mtim.tv_sec))
    #endif
  }

  /// The names in a folder in ascending order, without hidden ones; at most 100,000 of them. Empty for a
  /// folder that is not there or may not be read.
  package static func names(in folder: String) -> [String] {
    guard let stream = opendir(folder) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while names.count < 100_000, let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { name in
        name.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: name.pointee)) {
          String(cString: $0)
        }
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted()
  }

  /// Makes a folder and those above it where they are missing, for their owner alone.
  /// - Throws: why one of them cannot be made.
  package static func makeFolder(_ path: String) throws(FileError) {
    var made = path.hasPrefix("/") ? "" : "."
    for part in path.split(separator: "/") {
      made += "/" + part
      if mkdir(made, 0o700) == 0 { continue }
      let code = errno
      switch kind(made) {
      case .folder: continue
      case .file, .other:
        throw FileError(.unreadable, file: made, "not a folder", advice: "move it away")
      case .nothing:
        guard code == EEXIST else { throw .writing(code, made) }
        throw FileError(
          .unreadable, file: made, "a link to a place that is not there",
          advice: "make that place, or remove the link")
      }
    }
  }

  package static func join(_ folder: String, _ name: String) -> String {
    folder.hasSuffix("/") ? folder + name : folder + "/" + name
  }

  /// The part after the last slash; slashes at the end do not count.
  package static func lastComponent(_ path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? path
  }

  /// The part before the last slash; "." where there is none.
  package static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// The path without links and dots; the path itself where there is nothing.
  package static func canonical(_ path: String) -> String {
    guard let resolved = realpath(path, nil) else { return path }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  /// A name from a file, if it is that of something directly in a folder and leads nowhere else.
  package static func isPlainName(_ name: String) -> Bool {
    !name.isEmpty && name != "." && name != ".." && !name.contains("/") && !name.utf8.contains(0)
  }
}
