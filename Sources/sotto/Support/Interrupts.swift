@preconcurrency import Dispatch
import Foundation

/// Calls a handler on the first Ctrl-C, request to end (SIGTERM) or end of the terminal (SIGHUP); a second one of the same
/// kind ends the program at once.
final class Interrupts: Sendable {
  /// The signals that are handled: not a SIGHUP that the program was started to ignore (nohup).
  private let signals: [Int32]
  private let sources: [any DispatchSourceSignal]

  /// - Parameter handler: called on the first interrupt, from a background queue.
  init(_ handler: @escaping @Sendable () -> Void) {
    signals = [SIGINT, SIGTERM, SIGHUP].filter { number in
      let former = signal(number, SIG_IGN)
      return number != SIGHUP
        || unsafeBitCast(former, to: Int.self) != unsafeBitCast(SIG_IGN, to: Int.self)
    }
    sources = signals.map { number in
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler {
        handler()
        signal(number, SIG_DFL)
      }
      source.resume()
      return source
    }
  }

  /// Restores the default behaviour: Ctrl-C ends the program.
  func stop() {
    for source in sources { source.cancel() }
    for number in signals { signal(number, SIG_DFL) }
  }
}
