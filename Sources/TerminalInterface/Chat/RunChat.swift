import Basics
import Conversation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Runs the chat until the user quits, and returns the exit status of the process.
///
/// The interface has its own thread, so neither drawing nor waiting for keys blocks the cooperative pool. The terminal is
/// restored on every exit, signals and crashes included. Without a terminal that can move its cursor, messages are lines
/// of the standard input and answers are text on the standard output.
public func runChat(engine: any ChatEngine, options: ChatOptions) async -> Int32 {
  let interface = ChatInterface.decide(
    isPlain: options.settings.flag(.plain), inputIsTerminal: isatty(STDIN_FILENO) == 1,
    outputIsTerminal: isatty(STDOUT_FILENO) == 1,
    type: options.environment["TERM"])
  let end = await OwnThread.run {
    guard let pipe = WakePipe() else { return ChatEnd(status: EX_OSERR, session: nil) }
    let sessions = options.keepsHistory ? options.sessions : nil
    let worker = EffectWorker(
      engine: engine, mailbox: Mailbox(pipe: pipe), sessions: sessions, downloads: options.downloads)
    defer {
      worker.mailbox.close()
      pipe.close()
    }
    if interface == .screen, let program = ScreenProgram(worker: worker, pipe: pipe, options: options) {
      return ChatEnd(
        status: program.run(), session: program.session, isSaved: program.isSaved, effects: worker.queue,
        download: program.download)
    }
    if interface == .screen {
      note(
        "The terminal type '\(options.environment["TERM"] ?? "")' has no description on this machine, so messages are "
          + "lines. On most terminals TERM=xterm-256color shows the screen.")
    }
    let program = LineProgram(worker: worker, pipe: pipe, options: options)
    return ChatEnd(
      status: program.run(), session: program.session, effects: worker.queue, download: program.download)
  }
  let shutdown = Shutdown(
    engine: engine, sessions: options.sessions, session: end.session, effects: end.effects)
  let outcome = await shutdown.waitForSave {
    note("Waiting until this conversation is saved; Ctrl-C quits without saving it.")
  }
  await shutdown.saveCaches(timeout: .milliseconds(400))
  if let download = end.download { note(ChatState.stopText(download, command: "sotto pull")) }
  switch Shutdown.ExitMessage.decide(
    session: end.session, isSaved: end.isSaved, outcome: outcome, status: end.status)
  {
  case .nothing: break
  case .resumable(let session): print("sotto --resume \(session) resumes this conversation.")
  case .notSaved(let reason): note("This conversation is not saved: \(reason)")
  }
  return end.status
}

/// Prints a message to the standard error.
private func note(_ text: String) {
  let line = Array((VisibleText.of(text) + "\n").utf8)
  _ = line.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
}

/// The exit status of a chat and the session that was shown last.
private struct ChatEnd: Sendable {
  var status: Int32
  var session: String?
  /// Whether the session was saved.
  var isSaved = false
  /// The effects on sessions that may not be complete.
  var effects: EffectQueue?
  /// The download that the end of the chat stopped.
  var download: ChatState.Download?
}
