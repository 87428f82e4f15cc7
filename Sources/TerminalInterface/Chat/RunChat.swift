import Conversation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Runs the chat until the person leaves, and returns the exit status of the process.
///
/// The screen has a thread of its own, so neither drawing nor waiting for keys ever blocks the cooperative pool. The
/// terminal is given back on every way out, signals and crashes included. Where there is no terminal that can move
/// its cursor, messages are lines of the standard input and answers go to the standard output as text.
public func runChat(engine: any ChatEngine, options: ChatOptions) async -> Int32 {
  let face = ChatFace.decide(
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
    if face == .screen, let program = ScreenProgram(worker: worker, pipe: pipe, options: options) {
      return ChatEnd(status: program.run(), session: program.session, isKept: program.isKept)
    }
    let program = LineProgram(worker: worker, pipe: pipe, options: options)
    return ChatEnd(status: program.run(), session: program.session)
  }
  let leaving = Leaving(engine: engine, sessions: options.sessions, session: end.session)
  let outcome = await leaving.save {
    note("Waiting until this conversation is saved; Ctrl-C ends without that.")
  }
  await leaving.tidy(atMost: .milliseconds(400))
  switch Leaving.Farewell.decide(
    session: end.session, isKept: end.isKept, outcome: outcome, status: end.status)
  {
  case .nothing: break
  case .goesOn(let session): print("sotto --resume \(session) goes on with this conversation.")
  case .notSaved(let reason): note("This session is not saved: \(reason)")
  }
  return end.status
}

/// Says something beside the answers.
private func note(_ text: String) {
  let line = Array((VisibleText.of(text) + "\n").utf8)
  _ = line.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
}

/// How a chat ended, and which session was shown then.
private struct ChatEnd: Sendable {
  var status: Int32
  var session: String?
  /// Whether there is something to go on with.
  var isKept = false
}

/// Runs work on a new thread with a large stack and waits for its result without blocking the caller's.
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
