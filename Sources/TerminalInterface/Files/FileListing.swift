import Basics

/// The completions of a path in the composer.
package struct FileListing: Sendable, Equatable {
  package struct Item: Sendable, Equatable {
    /// The path as typed, completed; folders end with a slash.
    package var path: String
    package var isFolder: Bool
    package var bytes: Int

    package init(path: String, isFolder: Bool, bytes: Int) {
      (self.path, self.isFolder, self.bytes) = (path, isFolder, bytes)
    }
  }

  /// The typed path.
  package var typed: String
  package var items: [Item]

  package init(typed: String, items: [Item]) { (self.typed, self.items) = (typed, items) }

  /// The maximum number of items.
  package static let limit = 200

  /// The files and folders whose path starts with `typed`, or that match a pattern with `*` and `?` in its last part.
  /// Relative paths start at the current folder. Hidden files are listed only if the name starts with a dot.
  package static func of(_ typed: String, _ folders: UserFolders) -> FileListing {
    let (lead, name) = split(typed)
    let folder = lead.isEmpty ? "." : folders.expanding(lead)
    let isPattern = FilePattern.isPattern(name)
    var items: [Item] = []
    for entry in FileSystem.names(in: folder) {
      let matches = isPattern ? FilePattern(name).matches(entry) : hasPrefix(entry, name)
      guard matches else { continue }
      let path = FileSystem.join(folder, entry)
      let kind = FileSystem.kind(path)
      guard kind == .file || kind == .folder else { continue }
      let isFolder = kind == .folder
      if isPattern && isFolder { continue }
      items.append(
        Item(
          path: lead + entry + (isFolder ? "/" : ""), isFolder: isFolder,
          bytes: isFolder ? 0 : FileSystem.size(path).bytes))
      if items.count == limit { break }
    }
    return FileListing(typed: typed, items: items)
  }

  /// The folder of a typed path with its slash, and the rest.
  static func split(_ typed: String) -> (lead: String, name: String) {
    guard let slash = typed.lastIndex(of: "/") else { return typed == "~" ? ("~/", "") : ("", typed) }
    return (String(typed[...slash]), String(typed[typed.index(after: slash)...]))
  }

  // A small letter also stands for a capital one.
  private static func hasPrefix(_ name: String, _ typed: String) -> Bool {
    name.hasPrefix(typed) || name.lowercased().hasPrefix(typed)
  }
}

/// A pattern of file names: `*` for any characters, `?` for one.
package struct FilePattern {
  private let pattern: [Character]

  package init(_ pattern: String) { self.pattern = Array(pattern) }

  package static func isPattern(_ name: String) -> Bool { name.contains("*") || name.contains("?") }

  /// O(length of the pattern times that of the name).
  package func matches(_ name: String) -> Bool {
    let name = Array(name)
    var (place, star) = (0, -1)
    var (position, mark) = (0, 0)
    while position < name.count {
      if place < pattern.count, pattern[place] == "*" {
        (star, mark) = (place, position)
        place += 1
      } else if place < pattern.count, pattern[place] == "?" || pattern[place] == name[position] {
        place += 1
        position += 1
      } else if star >= 0 {
        // The last star takes one more character.
        mark += 1
        (place, position) = (star + 1, mark)
      } else {
        return false
      }
    }
    return pattern[place...].allSatisfy { $0 == "*" }
  }
}
