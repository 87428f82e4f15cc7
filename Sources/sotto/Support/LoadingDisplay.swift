import Foundation
import Models
import Synchronization

/// The progress of a load that takes longer than a second, in one line on a terminal; Ctrl-C ends the program.
final class LoadingDisplay: Sendable {
  private let name: String
  private let isShown = Atomic<Bool>(false)

  init(_ name: String) { self.name = name }

  /// Follows the load; nil without a terminal.
  var observer: LoadingObserver? {
    guard isatty(STDERR_FILENO) != 0 else { return nil }
    return .slow(report: { self.show($0) })
  }

  /// Draws the line.
  func show(_ percent: Int) {
    guard isatty(STDERR_FILENO) != 0 else { return }
    isShown.store(true, ordering: .relaxed)
    Console.status("\r\u{1B}[Kloading \(name): \(percent)%")
  }

  /// Removes the line.
  func clear() {
    if isShown.exchange(false, ordering: .relaxed) { Console.status("\r\u{1B}[K") }
  }
}
