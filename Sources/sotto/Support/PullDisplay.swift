import Foundation
import Hub
import Synchronization

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
      var samples: [(time: TimeInterval, bytes: Int)] = []
      var lastNote = ""
      while !isStopped.load(ordering: .relaxed) {
        let report = progress.report
        let now = ProcessInfo.processInfo.systemUptime
        samples = samples.filter { now - $0.time < 5 } + [(now, report.done)]
        if isTerminal, report.total > 0 {
          Console.note("\u{1B}[A\r\u{1B}[K" + Self.line(report, samples))
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
    if isTerminal { Console.note("\u{1B}[A\r\u{1B}[K" + Self.line(progress.report, [])) }
  }

  /// "43%  1.2 GB of 2.8 GB  35 MB/s  46 s left".
  static func line(_ report: PullProgress.Report, _ samples: [(time: TimeInterval, bytes: Int)]) -> String {
    guard report.total > 0 else { return "" }
    var parts = [
      "\(report.done * 100 / report.total)%", "\(byteCount(report.done)) of \(byteCount(report.total))",
    ]
    if let first = samples.first, let last = samples.last, last.time > first.time {
      let rate = Double(last.bytes - first.bytes) / (last.time - first.time)
      if rate >= 1000 {
        parts.append("\(byteCount(Int(rate)))/s")
        let left = Int((Double(report.total - report.done) / rate).rounded(.up))
        parts.append(left < 120 ? "\(left) s left" : "\((left + 59) / 60) min left")
      }
    }
    if !report.note.isEmpty { parts.append(report.note) }
    return parts.joined(separator: "  ")
  }
}

extension Console {
  /// Asks on standard error and reads the answer; true for an empty line, "y" and "yes".
  static func confirms(_ question: String) -> Bool {
    note("\(question) [Y/n]")
    guard let answer = readLine()?.trimmingCharacters(in: .whitespaces).lowercased() else { return false }
    return ["", "y", "yes"].contains(answer)
  }
}
