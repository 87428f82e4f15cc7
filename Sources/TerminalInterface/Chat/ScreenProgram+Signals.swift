import CNcurses

/// Signals, and handing the terminal to other processes.
extension ScreenProgram {
  func handleSignals() {
    let signals = signals_take()
    if signals == 0 { return }
    if signals & Int32(SIGNALS_QUIT) != 0 { exitCode = 143 }
    if signals & Int32(SIGNALS_INTERRUPT) != 0 { handle([.key(.control("c"))], TerminalPoll.now()) }
    if signals & Int32(SIGNALS_SUSPEND) != 0 { suspend() }
    if signals & Int32(SIGNALS_CONTINUED) != 0 {
      // Another process stopped this one, and may have changed the terminal modes.
      screen.pause()
      resume()
    }
    if signals & (Int32(SIGNALS_RESIZED) | Int32(SIGNALS_CONTINUED)) != 0 {
      screen.updateSize()
      chat.resize(screen.size)
      screen.repaint()
      isDirty = true
    }
  }

  func pause() {
    screen.writeRaw(mouse.leave())
    screen.pause()
  }

  func resume() {
    screen.resume()
    screen.writeRaw(mouse.enter())
  }

  func suspend() {
    pause()
    let begin = TerminalPoll.now()
    signals_stop_self()
    chat.suspended(from: begin, to: TerminalPoll.now())
    _ = signals_take()
    resume()
    chat.resize(screen.size)
    isDirty = true
  }
}
