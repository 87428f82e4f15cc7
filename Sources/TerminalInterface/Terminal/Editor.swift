import Basics
import CNcurses

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
    let status = run(["/bin/sh", "-c", "exec \(command) \"$1\"", "sh", path])
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

  /// Runs a program in the foreground and returns its exit status. If it is stopped (Ctrl-Z), this process stops too.
  private static func run(_ arguments: [String]) -> Int32 {
    var pid = pid_t()
    var pointers = arguments.map { strdup($0) } + [nil]
    defer { for pointer in pointers { free(pointer) } }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // The editor gets the default signals, and no blocked ones.
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    for number in [SIGINT, SIGQUIT, SIGTSTP, SIGPIPE] { sigaddset(&signals, number) }
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
    let result = posix_spawn(&pid, arguments[0], nil, &attributes, &pointers, environ)
    guard result == 0 else { return 127 }
    var status: Int32 = 0
    while true {
      if waitpid(pid, &status, WUNTRACED) < 0 {
        if errno == EINTR { continue }
        return 127
      }
      guard status & 0xFF == 0x7F else { break }
      signals_stop_self()
      kill(pid, SIGCONT)
    }
    let signal = status & 0x7F
    return signal == 0 ? (status >> 8) & 0xFF : 128 + signal
  }
}
