#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// File system queries and path operations. Links are followed.
package enum FileSystem {
  /// The type of the object at a path.
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

  /// The size of a file in bytes and its modification time in seconds since 1970; zeros if there is none.
  package static func size(_ path: String) -> (bytes: Int, modified: Int) {
    var status = stat()
    guard stat(path, &status) == 0 else { return (0, 0) }
    #if canImport(Darwin)
      return (Int(status.st_size), Int(status.st_mtimespec.tv_sec))
    #else
      return (Int(status.st_size), Int(status.st_mtim.tv_sec))
    #endif
  }

  /// The names in a folder in ascending order, without hidden ones unless they are wanted; at most 100,000. Empty if the
  /// folder does not exist or is not readable.
  package static func names(in folder: String, withHidden: Bool = false) -> [String] {
    (FolderContents(folder, withHidden: withHidden)?.entries ?? []).map(\.name)
  }

  /// Creates a folder and its missing parents, accessible by the user only (mode 0700).
  /// - Throws: `FileError` with the folder that cannot be created.
  package static func makeFolder(_ path: String) throws(FileError) {
    var current = path.hasPrefix("/") ? "" : "."
    for part in path.split(separator: "/") {
      current += "/" + part
      if mkdir(current, 0o700) == 0 { continue }
      let code = errno
      switch kind(current) {
      case .folder: continue
      case .file, .other:
        throw FileError(.unreadable, file: current, "not a folder", advice: "move it away")
      case .nothing:
        guard code == EEXIST else { throw .writing(code, current) }
        throw FileError(
          .unreadable, file: current, "the link points to a folder that does not exist",
          advice: "create that folder, or remove the link")
      }
    }
  }

  package static func join(_ folder: String, _ name: String) -> String {
    folder.hasSuffix("/") ? folder + name : folder + "/" + name
  }

  /// The last component of a path, ignoring trailing slashes.
  package static func lastComponent(_ path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? path
  }

  /// The path without slashes at its end, unless it is "/".
  package static func withoutTrailingSlashes(_ path: String) -> String {
    var path = path[...]
    while path.count > 1, path.hasSuffix("/") { path.removeLast() }
    return String(path)
  }

  /// The path up to the last slash; "." if there is none.
  package static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// Whether a path is a link, to whatever.
  package static func isLink(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
  }

  /// What two paths of the same file or folder have in common: its device and number. The path itself if it does not
  /// exist. Much cheaper than `canonical`.
  package static func identity(_ path: String) -> String {
    var status = stat()
    return stat(path, &status) == 0 ? "\(status.st_dev) \(status.st_ino)" : path
  }

  /// The path with links and dots resolved (`realpath`); the unchanged path if it does not exist.
  package static func canonical(_ path: String) -> String {
    guard let resolved = realpath(path, nil) else { return path }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  /// Whether an untrusted name refers to an entry directly in a folder, without any path traversal.
  package static func isPlainName(_ name: String) -> Bool {
    !name.isEmpty && name != "." && name != ".." && !name.contains("/") && !name.utf8.contains(0)
  }
}
