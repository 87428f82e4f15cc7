#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// The few questions that are asked of the file system. Links are followed.
package enum FileSystem {
  /// What is at a path.
  enum Kind { case file, folder, other, nothing }

  static func kind(_ path: String) -> Kind {
    var status = stat()
    guard stat(path, &status) == 0 else { return .nothing }
    switch status.st_mode & S_IFMT {
    case S_IFREG: return .file
    case S_IFDIR: return .folder
    default: return .other
    }
  }

  static func isFile(_ path: String) -> Bool { kind(path) == .file }
  static func isFolder(_ path: String) -> Bool { kind(path) == .folder }

  /// The size of a file in bytes, 0 where there is none, and when it was last written, in seconds.
  static func size(_ path: String) -> (bytes: Int, modified: Int) {
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
  static func names(in folder: String) -> [String] {
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
  package static func makeFolder(_ path: String) throws(CheckpointError) {
    var made = path.hasPrefix("/") ? "" : "."
    for part in path.split(separator: "/") {
      made += "/" + part
      if mkdir(made, 0o700) == 0 { continue }
      let code = errno
      switch kind(made) {
      case .folder: continue
      case .file, .other:
        throw CheckpointError(.unreadable, file: made, "not a folder", advice: "move it away")
      case .nothing:
        guard code == EEXIST else { throw .writing(code, made) }
        throw CheckpointError(
          .unreadable, file: made, "a link to a place that is not there",
          advice: "make that place, or remove the link")
      }
    }
  }

  static func join(_ folder: String, _ name: String) -> String {
    folder.hasSuffix("/") ? folder + name : folder + "/" + name
  }

  /// The part after the last slash; slashes at the end do not count.
  static func lastComponent(_ path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? path
  }

  /// The part before the last slash; "." where there is none.
  package static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// The path without links and dots; the path itself where there is nothing.
  static func canonical(_ path: String) -> String {
    guard let resolved = realpath(path, nil) else { return path }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  /// A name from a file, if it is that of something directly in a folder and leads nowhere else.
  static func isPlainName(_ name: String) -> Bool {
    !name.isEmpty && name != "." && name != ".." && !name.contains("/") && !name.utf8.contains(0)
  }
}

/// The numbered name of one part of a split model: "NAME-00002-of-00003.gguf".
struct ShardName: Equatable {
  let stem: String
  let index: Int
  let count: Int
  let suffix: String

  /// Parses a file name; nil where it is not that of a part. `suffix` comes with its dot.
  init?(_ name: String, suffix: String) {
    guard name.hasSuffix(suffix) else { return nil }
    let parts = name.dropLast(suffix.count).split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count >= 4, parts[parts.count - 2] == "of", let count = Self.number(parts[parts.count - 1]),
      let index = Self.number(parts[parts.count - 3]), index >= 1, index <= count
    else { return nil }
    stem = parts.dropLast(3).joined(separator: "-")
    self.index = index
    self.count = count
    self.suffix = suffix
  }

  private static func number(_ text: Substring) -> Int? {
    guard text.utf8.count == 5, text.utf8.allSatisfy({ 48...57 ~= $0 }) else { return nil }
    return Int(text)
  }

  /// The name of part `index`, counted from 1.
  func name(_ index: Int) -> String { "\(stem)-\(Self.padded(index))-of-\(Self.padded(count))\(suffix)" }

  private static func padded(_ number: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, 5 - digits.count)) + digits
  }
}
