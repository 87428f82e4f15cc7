/// The progress of a download, with its speed over the last seconds.
package struct DownloadProgress: Sendable, Equatable {
  /// The bytes on disk and in all files; 0 before they are known.
  package private(set) var done = 0
  package private(set) var total = 0
  /// What is waited for, such as a busy host; empty for nothing.
  package private(set) var note = ""

  private struct Sample: Sendable, Equatable {
    var time: Double
    var bytes: Int
  }
  private var samples: [Sample] = []

  /// The seconds over which the speed is averaged.
  private static let window = 5.0

  package init() {}

  /// Records the state at `now`, in seconds on a monotonic clock.
  package mutating func update(done: Int, total: Int, note: String, now: Double) {
    // The bytes that were there before the start, and a file that begins again, are no transfer.
    if self.total == 0 || done < self.done { samples = [] }
    (self.done, self.total, self.note) = (done, total, note)
    guard total > 0 else { return }
    samples = samples.filter { now - $0.time < Self.window } + [Sample(time: now, bytes: done)]
  }

  /// Bytes per second; nil while too little is known.
  package var speed: Double? {
    guard let first = samples.first, let last = samples.last, last.time - first.time >= 0.5 else {
      return nil
    }
    let speed = Double(last.bytes - first.bytes) / (last.time - first.time)
    return speed >= 1000 ? speed : nil
  }

  /// "43%"; nil while the size is unknown.
  package var share: String? {
    total > 0 ? "\(Int(Double(min(done, total)) / Double(total) * 100))%" : nil
  }

  /// The remaining time: "46 s", "12 min", "3 h 05 min"; nil while the speed is unknown.
  package var remaining: String? {
    guard let speed else { return nil }
    let seconds = Int(min((Double(max(0, total - done)) / speed).rounded(.up), 1e9))
    if seconds < 120 { return "\(seconds) s" }
    let minutes = (seconds + 59) / 60
    if minutes < 120 { return "\(minutes) min" }
    return "\(minutes / 60) h \(minutes % 60 < 10 ? "0" : "")\(minutes % 60) min"
  }

  /// The parts in the order of their importance: "43%", "1.2 GB of 2.8 GB", "35 MB/s", "46 s left", and the note.
  package var parts: [String] {
    guard let share else { return note.isEmpty ? [] : [note] }
    var parts = [share, "\(byteSize(done)) of \(byteSize(total))"]
    if note.isEmpty {
      if let speed { parts.append("\(byteSize(Int(speed)))/s") }
      if let remaining { parts.append("\(remaining) left") }
    } else {
      parts.append(note)
    }
    return parts
  }
}
