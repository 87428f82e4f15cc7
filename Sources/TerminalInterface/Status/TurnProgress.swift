import Conversation

/// A turn while it is answered, as far as the screen knows.
package struct TurnProgress: Sendable, Equatable {
  package enum Phase: Sendable, Equatable {
    /// The model is being loaded; the request is sent after that.
    case loading
    /// Sent; nothing came back yet.
    case waiting
    case reading(done: Int, total: Int, reused: Int)
    case thinking
    case writing
  }

  /// Tells this turn's events from those of one that was stopped.
  package let id: Int
  /// The message that is being written.
  package let answer: MessageTree.ID
  /// The model that writes it, whichever is turned to meanwhile; nil while it is being loaded.
  package let model: ModelInfo?
  package var phase: Phase
  /// When Enter was pressed, in seconds on the screen's clock.
  package let started: Double
  package var statistics = TurnStatistics()
  package var isStopping = false
  /// The person wants the answer without further thoughts.
  package var isToAnswerNow = false
  /// When the first thought came.
  package var thinkingSince: Double?
  private var forecast: ReadingForecast?

  package init(id: Int, answer: MessageTree.ID, model: ModelInfo?, phase: Phase, started: Double) {
    self.id = id
    self.answer = answer
    self.model = model
    self.phase = phase
    self.started = started
  }

  package static func == (one: TurnProgress, other: TurnProgress) -> Bool {
    one.id == other.id && one.phase == other.phase && one.statistics == other.statistics
      && one.isStopping == other.isStopping && one.isToAnswerNow == other.isToAnswerNow
  }

  /// Notes how far the prompt was read.
  package mutating func read(done: Int, total: Int, reused: Int, now: Double) {
    phase = .reading(done: done, total: total, reused: reused)
    if forecast == nil { forecast = ReadingForecast(done: done, total: total, now: now) }
    forecast?.note(done: done, now: now)
  }

  /// The seconds that reading will still take; nil before there is a speed.
  package func remaining(now: Double) -> Double? {
    guard case .reading = phase else { return nil }
    return forecast?.remaining(now: now)
  }
}
