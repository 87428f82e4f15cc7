#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// What is directly in a folder, in ascending order of the names; at most 100,000 entries. The kinds of the entries come
/// with their names, so that most need no `stat` of their own.
package struct FolderContents {
  /// A file, a folder, a link or something else in a folder.
  package struct Entry: Equatable {
    package let name: String
    /// Whether it is a link, to whatever.
    package let isLink: Bool
    /// Its kind, if the folder tells it; nil for a link, and on file systems whose folders do not tell.
    fileprivate let known: FileSystem.Kind?
  }

  /// The folder.
  package let path: String
  /// What is in it.
  package let entries: [Entry]

  /// Lists a folder, without hidden names unless they are wanted; nil if there is none at the path, or it is not readable.
  package init?(_ path: String, withHidden: Bool = false) {
    guard let stream = opendir(path) else { return nil }
    defer { closedir(stream) }
    var entries: [Entry] = []
    while entries.count < 100_000, let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { name in
        name.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: name.pointee)) {
          $0[0] == CChar(46) && !withHidden ? "" : String(cString: $0)
        }
      }
      guard !name.isEmpty, name != ".", name != ".." else { continue }
      let type = Int(entry.pointee.d_type)
      let isLink =
        type == Int(DT_LNK) || type == Int(DT_UNKNOWN) && FileSystem.isLink(FileSystem.join(path, name))
      let known: FileSystem.Kind? =
        switch type {
        case Int(DT_REG): .file
        case Int(DT_DIR): .folder
        case Int(DT_LNK), Int(DT_UNKNOWN): nil
        default: .other
        }
      entries.append(Entry(name: name, isLink: isLink, known: known))
    }
    self.path = path
    self.entries = entries.sorted { $0.name < $1.name }
  }

  /// The kind of an entry. Links are followed.
  package func kind(of entry: Entry) -> FileSystem.Kind {
    entry.known ?? FileSystem.kind(FileSystem.join(path, entry.name))
  }
}
