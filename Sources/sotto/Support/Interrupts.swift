@preconcurrency import Dispatch
import Foundation

/// Calls a handler on the first Ctrl-C; a second Ctrl-C ends the program at once.
final class Interrupts: Sendable {
  private let source: any DispatchSourceSignal

  /// - Parameter handler: called on the first interrupt, from a background queue.
  init(_ handler: @escaping @Sendable () -> Void) {
    signal(SIGINT, SIG_IGN)
    source = DispatchSource.makeSignalSource(signal: SIGINT, queue: .global())
    source.setEventHandler {
      handler()
      signal(SIGINT, SIG_DFL)
    }
    source.resume()
  }

  /// Restores the default behaviour: Ctrl-C ends the program.
  func stop() {
    source.cancel()
    signal(SIGINT, SIG_DFL)
  }
}
