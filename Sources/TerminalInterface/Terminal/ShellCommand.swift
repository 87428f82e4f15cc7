import CNcurses

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Commands of the user's that the shell runs: the editor, and `/pipe`.
enum ShellCommand {
  /// Runs a command with `/bin/sh` and waits for its end.
  ///
  /// It gets the default signals, none of them blocked. If it is stopped (Ctrl-Z), this process stops too.
  /// - Parameters:
  ///   - line: the text for the shell.
  ///   - arguments: its `$1`, `$2` and so on.
  /// - Returns: the exit status as the shell has it: 128 and the number of the signal if one ended the command, 127 if
  ///   it could not be started.
  static func run(_ line: String, _ arguments: [String] = []) -> Int32 {
    var pointers = (["/bin/sh", "-c", line, "sh"] + arguments).map { strdup($0) } + [nil]
    defer { for pointer in pointers { free(pointer) } }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    for number in [SIGINT, SIGQUIT, SIGTSTP, SIGPIPE] { sigaddset(&signals, number) }
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
    var process = pid_t()
    guard posix_spawn(&process, "/bin/sh", nil, &attributes, &pointers, environ) == 0 else { return 127 }
    var status: Int32 = 0
    while true {
      if waitpid(process, &status, WUNTRACED) < 0 {
        if errno == EINTR { continue }
        return 127
      }
      guard status & 0xFF == 0x7F else { break }
      signals_stop_self()
      kill(process, SIGCONT)
    }
    let signal = status & 0x7F
    return signal == 0 ? (status >> 8) & 0xFF : 128 + signal
  }
}
