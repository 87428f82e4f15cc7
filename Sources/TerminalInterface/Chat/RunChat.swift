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
    isPlain: options.isPlain, inputIsTerminal: isatty(STDIN_FILENO) == 1,
    outputIsTerminal: isatty(STDOUT_FILENO) == 1,
    type: options.environment["TERM"])
  let end = await onThread {
    guard let pipe = WakePipe() else { return ChatEnd(status: EX_OSERR, session: nil) }
    let sessions = options.keepsHistory ? options.sessions : nil
    let worker = EffectWorker(engine: engine, mailbox: Mailbox(pipe: pipe), sessions: sessions)
    defer {
      worker.mailbox.close()
      pipe.close()
    }
    if interface == .screen, let program = ScreenProgram(worker: worker, pipe: pipe, options: options) {
      return ChatEnd(
        status: program.run(), session: program.session, isSaved: program.isSaved, effects: worker.queue)
    }
    let program = LineProgram(worker: worker, pipe: pipe, options: options)
    return ChatEnd(status: program.run(), session: program.session, effects: worker.queue)
  }
  let shutdown = Shutdown(
    engine: engine, sessions: options.sessions, session: end.session, effects: end.effects)
  let outcome = await shutdown.waitForSave {
    note("Waiting until this conversation is saved; Ctrl-C quits without saving it.")
  }
  await shutdown.saveCaches(timeout: .milliseconds(400))
  switch Shutdown.ExitMessage.decide(
    session: end.session, isSaved: end.isSaved, outcome: outcome, status: end.status)
  {
  case .nothing: break
  case .resumable(let session): print("sotto --resume \(session) resumes this conversation.")
  case .notSaved(let reason): note("This session is not saved: \(reason)")
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
}

/// Runs work on a new thread with a large stack, and waits for the result without blocking the calling thread.
private func onThread(_ work: @escaping @Sendable () -> ChatEnd) async -> ChatEnd {
  await withCheckedContinuation { continuation in
    let box = Unmanaged.passRetained(ThreadWork { continuation.resume(returning: work()) })
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    pthread_attr_setstacksize(&attributes, 8 << 20)
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    #if canImport(Darwin)
      var thread: pthread_t?
      let status = pthread_create(&thread, &attributes, { startThread($0) }, box.toOpaque())
    #else
      var thread = pthread_t()
      let status = pthread_create(&thread, &attributes, { startThread($0) }, box.toOpaque())
    #endif
    pthread_attr_destroy(&attributes)
    if status != 0 {
      box.release()
      continuation.resume(returning: ChatEnd(status: EX_OSERR, session: nil))
    }
  }
}

private final class ThreadWork: Sendable {
  let run: @Sendable () -> Void

  init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

private func startThread(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  if let argument { Unmanaged<ThreadWork>.fromOpaque(argument).takeRetainedValue().run() }
  return nil
}
