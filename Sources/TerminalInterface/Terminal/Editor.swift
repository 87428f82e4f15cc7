import Basics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Edits a text in the user's editor: `VISUAL`, otherwise `EDITOR`, otherwise vi.
package enum Editor {
  /// The edited text, or the problem. The terminal must be in its normal modes; the call returns when the editor ends.
  package static func edit(
    _ text: String, environment: [String: String], _ folders: UserFolders
  ) -> (text: String?, problem: String?) {
    let command =
      [environment["VISUAL"], environment["EDITOR"]].compactMap(\.self).first { !$0.isEmpty } ?? "vi"
    let folder = FileSystem.join(folders.state, "sotto")
    let path = FileSystem.join(folder, "draft-\(getpid()).md")
    do throws(FileError) {
      try FileSystem.makeFolder(folder)
      try WholeFileWriter.write(text, to: path, permissions: 0o600)
    } catch {
      return (nil, "\(error)")
    }
    defer { unlink(path) }
    // The shell splits the words of the variable, as git does.
    let status = ShellCommand.run("exec \(command) \"$1\"", [path])
    guard status == 0 else {
      return (
        nil,
        "\(VisibleText.singleLine(command)) failed (status \(status)); the draft is unchanged. $EDITOR selects an editor."
      )
    }
    guard var edited = readText(path, limit: 16 << 20) else {
      return (nil, "\(path) cannot be read; the draft is unchanged")
    }
    // Editors end the last line with a line feed.
    if edited.hasSuffix("\n"), !text.hasSuffix("\n") { edited.removeLast() }
    return (edited, nil)
  }
}
