import Conversation

/// A turn while it is answered, as far as the screen knows.
struct TurnProgress: Sendable, Equatable {
  enum Phase: Sendable, Equatable {
    /// The model is being loaded; the request is sent after that.
    case loading
    /// Sent; nothing came back yet.
    case waiting
    case reading(done: Int, total: Int, reused: Int)
    case thinking
    case writing
  }

  /// Tells this turn's events from those of one that was stopped.
  let id: Int
  /// The message that is being written.
  let answer: MessageTree.ID
  var phase: Phase
  /// When Enter was pressed, in seconds on the screen's clock.
  let started: Double
  var statistics = TurnStatistics()
  var isStopping = false
  /// When reading began, and with how many tokens.
  private var readingSince: (time: Double, done: Int)?

  init(id: Int, answer: MessageTree.ID, phase: Phase, started: Double) {
    self.id = id
    self.answer = answer
    self.phase = phase
    self.started = started
  }

  static func == (one: TurnProgress, other: TurnProgress) -> Bool {
    one.id == other.id && one.phase == other.phase && one.statistics == other.statistics
      && one.isStopping == other.isStopping
  }

  /// Notes how far the prompt was read.
  mutating func read(done: Int, total: Int, reused: Int, now: Double) {
    phase = .reading(done: done, total: total, reused: reused)
    if readingSince == nil { readingSince = (now, done) }
  }

  /// The seconds that reading will still take at the speed so far; nil before there is one.
  func remaining(now: Double) -> Double? {
    guard case .reading(let done, let total, _) = phase, let since = readingSince else { return nil }
    let read = done - since.done
    let elapsed = now - since.time
    guard read > 0, elapsed > 0.05, total > done else { return nil }
    return Double(total - done) * elapsed / Double(read)
  }
}
