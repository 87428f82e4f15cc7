import Foundation
import Hub
import Synchronization
import TerminalInterface

/// Shows the progress of a download on standard error: one line that is rewritten on a terminal, otherwise nothing but
/// what is waited for.
final class PullDisplay: Sendable {
  private let progress: PullProgress
  private let isStopped = Atomic<Bool>(false)
  private let isTerminal = isatty(STDERR_FILENO) != 0
  private let finished = DispatchSemaphore(value: 0)

  init(_ progress: PullProgress) { self.progress = progress }

  /// Starts a thread that shows the progress five times a second.
  func start() {
    Thread.detachNewThread { [self] in
      var shown = DownloadProgress()
      var lastNote = ""
      while !isStopped.load(ordering: .relaxed) {
        let report = progress.report
        shown.update(
          done: report.done, total: report.total, note: report.note,
          now: ProcessInfo.processInfo.systemUptime)
        if isTerminal, report.total > 0 {
          Console.note("\u{1B}[A\r\u{1B}[K" + shown.parts.joined(separator: "  "))
        } else if report.note != lastNote, !report.note.isEmpty {
          Console.note(report.note)
        }
        lastNote = report.note
        usleep(200_000)
      }
      finished.signal()
    }
    if isTerminal { Console.note("") }
  }

  /// Ends the display.
  func stop() {
    isStopped.store(true, ordering: .relaxed)
    finished.wait()
    guard isTerminal else { return }
    let report = progress.report
    var shown = DownloadProgress()
    shown.update(done: report.done, total: report.total, note: report.note, now: 0)
    Console.note("\u{1B}[A\r\u{1B}[K" + shown.parts.joined(separator: "  "))
  }
}

extension Console {
  /// Asks on standard error and reads the answer; true for "y" and "yes", and for an empty line if that is the default.
  static func confirms(_ question: String, byDefault: Bool = true) -> Bool {
    note("\(question) \(byDefault ? "[Y/n]" : "[y/N]")")
    guard let answer = readLine()?.trimmingCharacters(in: .whitespaces).lowercased() else { return false }
    return answer.isEmpty ? byDefault : ["y", "yes"].contains(answer)
  }
}
