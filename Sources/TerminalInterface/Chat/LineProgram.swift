import Basics
import CNcurses
import Conversation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The line mode: a message is a line of the standard input, an answer is text on the standard output. Notices go to the
/// standard error, so that a pipe receives only answers.
package final class LineProgram {
  private let worker: EffectWorker
  private let pipe: WakePipe
  private let chat: Chat
  private let isInteractive: Bool
  private let files: FileEffects

  private var input = LineInput()
  private var exitCode: Int32?
  /// Whether a line was not answered; the exit status of a pipe is then 1.
  private var hasFailed = false
  /// The newest transcript entry that was printed.
  private var lastPrinted = -1
  /// Bytes of the current answer that were printed.
  private var written = 0
  private var answering: MessageTree.ID?
  private var asked: ChatState.Question?
  /// The notices that wait for the end of the answer, so that none stands within its text.
  private var held: [String] = []

  package init(worker: EffectWorker, pipe: WakePipe, options: ChatOptions) {
    self.worker = worker
    self.pipe = pipe
    isInteractive = isatty(STDIN_FILENO) == 1
    files = FileEffects(UserFolders(environment: options.environment))
    // Piped input is saved only when it continues a saved session.
    let savesSessions = worker.sessions != nil && (isInteractive || options.resumed != nil)
    var state = ChatState(options: options, savesSessions: savesSessions, hasComposer: false)
    state.presets = files.presets.names
    // A question would take the next line of a pipe as its answer.
    if !isInteractive, state.userSettings.text(.contextFull) == ContextPolicy.ask.rawValue {
      state.userSettings.options[.contextFull] = .text(ContextPolicy.stop.rawValue)
    }
    chat = Chat(state: state, size: ScreenSize(rows: 24, columns: 80))
    if let model = options.model { perform(chat.load(model)) }
  }

  /// Runs until the input ends or the user quits, and returns the exit status.
  package func run() -> Int32 {
    signals_guard_crashes()
    signals_watch(pipe.writing)
    defer { signals_unwatch() }
    perform(chat.firstEffects())
    var (isPrompted, isGreeted) = (false, false)
    while exitCode == nil {
      if isReady {
        if let line = input.next() {
          isPrompted = false
          submit(line)
          continue
        }
        if input.isAtEnd { break }
        if isInteractive && !isGreeted {
          isGreeted = true
          let name = chat.state.model.map { "\(VisibleText.singleLine($0.name)) is ready. " } ?? ""
          printNotice("\(name)Write a message and press Enter; /help lists the commands, /quit quits.")
        }
        if isInteractive && !isPrompted {
          printNotice("› ", ending: "")
          isPrompted = true
        }
      }
      step()
    }
    for text in held { printNotice(text) }
    _ = worker.start(.cancel)
    _ = worker.start(.stopDownload)
    perform(chat.lastEffects())
    return exitCode ?? (hasFailed && !isInteractive ? 1 : 0)
  }

  /// The current session; nil when it is not saved.
  package var session: String? { chat.state.savedSession }

  /// The download that is not complete; nil for none.
  package var download: ChatState.Download? { chat.state.download }

  // A line is read only when the previous one was answered and a model is loaded.
  private var isReady: Bool {
    !isBusy && chat.state.loading == nil && (chat.state.model != nil || hasModels)
  }

  // The lines of a pipe wait for a download, which the end of the input would stop.
  private var isBusy: Bool {
    chat.state.turn != nil || !chat.state.pendingReplies.isEmpty
      || (!isInteractive && chat.state.download != nil)
  }

  private var hasModels = false

  private func step() {
    let ready = TerminalPoll.wait(pipe: pipe, milliseconds: -1)
    handleSignals()
    perform(chat.background(now: TerminalPoll.now()))
    handleEvents()
    guard ready.input || ready.hangup, !input.isAtEnd else { return }
    input.add(TerminalPoll.read())
    // A pipe at its end is always readable; the pending lines are handled without polling it.
    while input.isAtEnd && isBusy && exitCode == nil { waitForEngine() }
  }

  private func handleSignals() {
    let signals = signals_take()
    if signals & Int32(SIGNALS_QUIT) != 0 { exitCode = 143 }
    if signals & Int32(SIGNALS_INTERRUPT) != 0 { interrupt() }
    guard signals & Int32(SIGNALS_SUSPEND) != 0 else { return }
    let begin = TerminalPoll.now()
    signals_stop_self()
    chat.suspended(from: begin, to: TerminalPoll.now())
  }

  private func handleEvents() {
    for event in worker.mailbox.take() {
      switch event {
      case .models: hasModels = true
      case .modelFailed:
        hasFailed = true
        if chat.state.model == nil { exitCode = 1 }
      case .engine(_, .failed), .download(.failed), .download(.choices): hasFailed = true
      default: break
      }
      perform(chat.handle(event, now: TerminalPoll.now()))
      printUpdates()
    }
  }

  private func waitForEngine() {
    var descriptor = pollfd(fd: pipe.reading, events: Int16(POLLIN), revents: 0)
    poll(&descriptor, 1, -1)
    pipe.drain()
    handleSignals()
    handleEvents()
  }

  private func submit(_ line: String) {
    var parts: [Draft.Element]?
    // The text of a pipe may contain the names of files by chance.
    if isInteractive || chat.state.userSettings.flag(.plain), chat.state.question == nil {
      do throws(FileAttachment.Problem) {
        let found = try LineAttachments.of(line, files.folders)
        parts = found?.parts
        for text in found?.notices ?? [] { printNotice(text) }
      } catch {
        hasFailed = true
        return printNotice("\(error); the message was not sent")
      }
    }
    let effects = chat.submit(line, parts, now: TerminalPoll.now())
    if chat.state.model == nil { hasFailed = true }
    perform(effects)
    printUpdates()
  }

  private func interrupt() {
    if chat.state.turn == nil, chat.state.download.map({ !$0.isStopping }) ?? false {
      perform(chat.stopDownload(now: TerminalPoll.now()))
    } else if chat.state.turn == nil {
      exitCode = 130
    } else {
      perform(chat.stop(now: TerminalPoll.now()))
    }
  }

  // Prints the new text of the answer and the new notices.
  private func printUpdates() {
    let state = chat.state
    if let turn = state.turn, answering != turn.answer {
      answering = turn.answer
      // The text of a continued answer was printed before.
      written = state.conversation[turn.answer]?.content.utf8.count ?? 0
    }
    if let id = answering, let message = state.conversation[id], message.role == .assistant {
      let bytes = message.content.utf8
      if bytes.count > written {
        let start = bytes.index(bytes.startIndex, offsetBy: written)
        output(VisibleText.of(String(message.content[start...])), to: STDOUT_FILENO)
        written = bytes.count
      }
      if state.turn == nil, message.finish == .failed { hasFailed = true }
    }
    if state.turn == nil, answering != nil {
      if written > 0 { output("\n", to: STDOUT_FILENO) }
      (answering, written) = (nil, 0)
    }
    if answering == nil || written == 0 {
      for text in held { printNotice(text) }
      held = []
    }
    for entry in state.transcript.entries where entry.id > lastPrinted {
      if case .notice(let text, _) = entry.content { notify(VisibleText.of(text)) }
      lastPrinted = entry.id
    }
    if let question = state.question, question != asked { notify(question.text) }
    asked = state.question
    if let flash = state.flash?.text {
      notify(flash)
      chat.dropFlash()
    }
  }

  private func perform(_ effects: [ChatEffect]) {
    for effect in effects where !worker.start(effect) {
      if let event = files.event(of: effect) {
        perform(chat.handle(event, now: TerminalPoll.now()))
        if case .saveSettings = effect { printUpdates() }
        continue
      }
      switch effect {
      case .save(let path, let text): printNotice(SavedFile.write(text, to: path))
      case .copy: printNotice("The clipboard needs the full-screen mode; /save writes a file instead.")
      case .quit(let code): exitCode = code
      default: break
      }
    }
  }

  // Prints a notice, behind the answer that is being written.
  private func notify(_ text: String) {
    if answering == nil || written == 0 { printNotice(text) } else { held.append(text) }
  }

  private func printNotice(_ text: String, ending: String = "\n") { output(text + ending, to: STDERR_FILENO) }

  private func output(_ text: String, to descriptor: Int32) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      if count <= 0 {
        // The other end of the pipe is closed.
        exitCode = 1
        return
      }
      bytes = bytes.dropFirst(count)
    }
  }
}
