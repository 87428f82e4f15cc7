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
  /// Whether there are more than the limit.
  package var isCut = false
  /// Folders that are too deep to be searched.
  package var skipped: [String] = []

  package init(typed: String, items: [Item]) { (self.typed, self.items) = (typed, items) }

  /// The maximum number of items.
  package static let limit = 200

  /// The files and folders whose path starts with `typed`, or the files that match a pattern: `*` and `?` in the last
  /// part of the path, and `**/` before it for all folders below. Relative paths start at the current folder. Hidden
  /// files are listed only where the last part starts with a period, as in a shell.
  package static func of(_ typed: String, _ folders: UserFolders, limit: Int = limit) -> FileListing {
    if let deep = typed.firstRange(of: "**/") { return below(typed, deep, folders, limit) }
    let (lead, name) = split(typed)
    let folder = lead.isEmpty ? "." : folders.expanding(lead)
    let isPattern = FilePattern.isPattern(name)
    var listing = FileListing(typed: typed, items: [])
    for entry in FileSystem.names(in: folder, withHidden: name.hasPrefix(".")) {
      let matches = isPattern ? FilePattern(name).matches(entry) : hasPrefix(entry, name)
      guard matches else { continue }
      let path = FileSystem.join(folder, entry)
      let kind = FileSystem.kind(path)
      guard kind == .file || kind == .folder && !isPattern else { continue }
      if listing.items.count == limit {
        listing.isCut = true
        break
      }
      let isFolder = kind == .folder
      listing.items.append(
        Item(
          path: lead + entry + (isFolder ? "/" : ""), isFolder: isFolder,
          bytes: isFolder ? 0 : FileSystem.size(path).bytes))
    }
    return listing
  }

  // The files of all folders below one; a star in the pattern stands for slashes too.
  private static func below(
    _ typed: String, _ deep: Range<String.Index>, _ folders: UserFolders, _ limit: Int
  ) -> FileListing {
    let lead = String(typed[..<deep.lowerBound]), name = String(typed[deep.upperBound...])
    guard lead.isEmpty || lead.hasSuffix("/"), !name.isEmpty else {
      return FileListing(typed: typed, items: [])
    }
    let folder = lead.isEmpty ? "." : folders.expanding(lead)
    let (here, deeper) = (FilePattern(name), FilePattern("*/" + name))
    let tree = FileTree(folder, limit: limit) { here.matches($0) || deeper.matches($0) }
    var listing = FileListing(typed: typed, items: [])
    listing.items = tree.files.map { file in
      let bytes = FileSystem.size(FileSystem.join(folder, file)).bytes
      return Item(path: lead + file, isFolder: false, bytes: bytes)
    }
    (listing.isCut, listing.skipped) = (tree.isCut, tree.skipped.map { lead + $0 })
    return listing
  }

  /// The folder of a typed path with its slash, and the rest.
  static func split(_ typed: String) -> (lead: String, name: String) {
    // All after the folder is a pattern.
    if let deep = typed.firstRange(of: "**/") {
      return (String(typed[..<deep.lowerBound]), String(typed[deep.lowerBound...]))
    }
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
