@preconcurrency import Dispatch
import Foundation

/// Calls a handler on the first Ctrl-C or request to end (SIGTERM); a second one of the same kind ends the program at once.
final class Interrupts: Sendable {
  private static let signals = [SIGINT, SIGTERM]
  private let sources: [any DispatchSourceSignal]

  /// - Parameter handler: called on the first interrupt, from a background queue.
  init(_ handler: @escaping @Sendable () -> Void) {
    sources = Self.signals.map { number in
      signal(number, SIG_IGN)
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
    for number in Self.signals { signal(number, SIG_DFL) }
  }
}
