import Basics
import Foundation
import Generation
import Synchronization

/// The progress of a batch: a bar on a terminal, and messages above it.
final class BatchProgress: Sendable {
  private struct State {
    var finished = 0
    var failed = 0
    var skipped = 0
    var tokens = 0
    var isShown = false
  }

  private let state = Mutex(State())
  /// The number of requests; nil if it is not known.
  private let total: Int?
  private let started = ContinuousClock.now
  private static let isTerminal = isatty(STDERR_FILENO) != 0

  init(total: Int?) { self.total = total }

  /// The number of requests that failed.
  var failed: Int { state.withLock { $0.failed } }

  /// Counts a generated token.
  func addToken() { state.withLock { $0.tokens += 1 } }
  /// Counts a request that is complete.
  func finish() { state.withLock { $0.finished += 1 } }
  /// Counts a request that was complete before.
  func skip() { state.withLock { $0.skipped += 1 } }

  /// Counts a failed request and reports its line.
  func fail(line: Int, _ message: String) {
    state.withLock {
      $0.failed += 1
      clear(&$0)
      Console.note("line \(line): \(message)")
    }
  }

  /// Draws the bar five times a second until the task is cancelled.
  func show() async {
    guard Self.isTerminal else { return }
    while !Task.isCancelled {
      state.withLock {
        Console.status("\r\u{1B}[K" + line($0))
        $0.isShown = true
      }
      try? await Task.sleep(for: .milliseconds(200))
    }
    state.withLock { clear(&$0) }
  }

  private func clear(_ state: inout State) {
    if state.isShown { Console.status("\r\u{1B}[K") }
    state.isShown = false
  }

  /// The last message.
  var summary: String {
    state.withLock { state in
      let seconds = (ContinuousClock.now - started).seconds
      return "\(state.finished) done, \(state.failed) failed"
        + (state.skipped > 0 ? ", \(state.skipped) done before" : "")
        + String(format: ", %d tokens in %.1f s, %.1f tokens/s", state.tokens, seconds, rate(state))
    }
  }

  private func rate(_ state: State) -> Double {
    let seconds = (ContinuousClock.now - started).seconds
    return seconds > 0 ? Double(state.tokens) / seconds : 0
  }

  private func line(_ state: State) -> String {
    let ended = state.finished + state.failed + state.skipped
    let speed = String(format: "%.1f tokens/s", rate(state))
    guard let total, total > 0 else { return "\(ended) requests, \(speed)" }
    let width = 20, filled = min(width, ended * width / total)
    let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
    return "\(bar) \(ended)/\(total) requests, \(speed)" + left(state, ended, total)
  }

  private func left(_ state: State, _ ended: Int, _ total: Int) -> String {
    let worked = state.finished + state.failed
    guard worked > 0, ended < total else { return "" }
    let seconds = Int((ContinuousClock.now - started).seconds / Double(worked) * Double(total - ended))
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60)
    let clock =
      hours > 0
      ? String(format: "%d:%02d:%02d", hours, minutes, seconds % 60)
      : String(format: "%d:%02d", minutes, seconds % 60)
    return ", \(clock) left"
  }
}
