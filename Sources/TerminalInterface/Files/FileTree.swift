import Basics

/// The files below a folder, without hidden ones. Links to folders are not followed, so that a loop ends.
package struct FileTree {
  /// The paths from the folder on, in the order of their names.
  package private(set) var files: [String] = []
  /// The folders that are too deep to be searched.
  package private(set) var skipped: [String] = []
  /// Whether there are more files than the limit.
  package private(set) var isCut = false

  /// The deepest folder below the first one that is searched.
  package static let depthLimit = 8

  /// Searches a folder for files.
  /// - Parameters:
  ///   - limit: the most files.
  ///   - isWanted: whether a file counts, given its path from the folder on.
  package init(_ folder: String, limit: Int, _ isWanted: (String) -> Bool = { _ in true }) {
    add(folder, "", 0, limit, isWanted)
  }

  private mutating func add(
    _ folder: String, _ lead: String, _ depth: Int, _ limit: Int, _ isWanted: (String) -> Bool
  ) {
    guard depth < Self.depthLimit else {
      skipped.append(lead)
      return
    }
    let canonical = FileSystem.canonical(folder)
    for name in FileSystem.names(in: folder) where !isCut {
      let path = FileSystem.join(folder, name)
      switch FileSystem.kind(path) {
      case .file where isWanted(lead + name):
        if files.count < limit { files.append(lead + name) } else { isCut = true }
      case .folder where FileSystem.canonical(path) == FileSystem.join(canonical, name):
        add(path, lead + name + "/", depth + 1, limit, isWanted)
      default: break
      }
    }
  }
}
