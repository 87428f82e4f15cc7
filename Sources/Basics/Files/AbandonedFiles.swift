#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// What programs that were killed have left beside the file or folder that they were writing: `NAME.PID.partial`, and
/// `NAME.PID-NUMBER.partial` of `WholeFileWriter`.
package enum AbandonedFiles {
  /// Removes the leftovers of writers of `path` that no longer run. A process that has got such an id since keeps its
  /// leftover; so does one of another user.
  package static func remove(beside path: String) {
    let path = FileSystem.canonical(path)
    let folder = FileSystem.folder(of: path)
    for name in FileSystem.names(in: folder, withHidden: true) {
      guard let writer = writer(of: name, target: FileSystem.lastComponent(path)), !isRunning(writer) else {
        continue
      }
      let leftover = FileSystem.join(folder, name)
      // A link is not one.
      guard !FileSystem.isLink(leftover) else { continue }
      if FileSystem.isFolder(leftover) {
        for file in FileSystem.names(in: leftover, withHidden: true) {
          unlink(FileSystem.join(leftover, file))
        }
        rmdir(leftover)
      } else {
        unlink(leftover)
      }
    }
  }

  /// The process that has written a partial file or folder of `target`; nil for other names.
  package static func writer(of name: String, target: String) -> pid_t? {
    guard name.hasPrefix(target + "."), name.hasSuffix(WholeFileWriter.partialSuffix) else { return nil }
    let middle = name.dropFirst(target.count + 1).dropLast(WholeFileWriter.partialSuffix.count)
    let parts = middle.split(separator: "-", omittingEmptySubsequences: false)
    guard (1...2).contains(parts.count), let process = pid_t(parts[0]), process > 0,
      parts.dropFirst().allSatisfy({ UInt($0) != nil })
    else { return nil }
    return process
  }

  private static func isRunning(_ process: pid_t) -> Bool { kill(process, 0) == 0 || errno != ESRCH }
}
