/// Estimates the remaining time of a prefill from the time of its chunks so far.
///
/// Attention makes each token cost more than the one before. The cost of a token is a line over its position, which is
/// extrapolated to the end of the prompt. The slope is the one that the model's shape implies at first, because the first
/// chunks are too close to each other to show it; the more of the prompt is done, the more it is the measured one (least
/// squares, weighted by tokens).
package struct PrefillForecast: Sendable {
  private let first: Int
  private let total: Int
  private let attentionShare: Double
  private var done: Int
  private var time: Double
  // Sums over the chunks, weighted by their tokens: 1, position, position², cost, cost times position.
  private var weight = 0.0
  private var (position, square, cost, product) = (0.0, 0.0, 0.0, 0.0)

  /// The prefill starts after `done` of `total` tokens, at a time in seconds.
  /// - Parameter attentionShare: see `ModelInfo`; 0 for a cost that does not grow.
  package init(done: Int, total: Int, now: Double, attentionShare: Double = 0) {
    (first, self.done, self.total, time) = (done, done, total, now)
    self.attentionShare = attentionShare.isFinite ? max(0, attentionShare) : 0
  }

  /// Records the progress.
  package mutating func note(done: Int, now: Double) {
    guard done > self.done else { return }
    let tokens = Double(done - self.done)
    let middle = Double(done + self.done) / 2
    weight += tokens
    position += tokens * middle
    square += tokens * middle * middle
    cost += now - time
    product += (now - time) * middle
    (self.done, time) = (done, now)
  }

  /// Excludes a time for which the process was stopped.
  package mutating func exclude(seconds: Double) { time += seconds }

  /// The seconds from `now` to the end; nil before the first chunk.
  package func remaining(now: Double) -> Double? {
    guard weight > 0, cost > 0.05, total > done else { return nil }
    let slope = expectedSlope + (measuredSlope - expectedSlope) * trust
    let base = (cost - slope * position) / weight
    let rest = Double(total - done) * max(0, base + slope * Double(done + total) / 2)
    return max(0, rest - (now - time))
  }

  /// The slope that the model's shape implies: the cost at position p is the cost at 0 times (1 + share * p).
  private var expectedSlope: Double { attentionShare * cost / (weight + attentionShare * position) }

  /// The slope of the chunks so far. Later tokens never cost less; a negative slope is measurement noise.
  private var measuredSlope: Double {
    let spread = weight * square - position * position
    return spread > 0 ? max(0, (weight * product - position * cost) / spread) : expectedSlope
  }

  /// The weight of the measured slope: 0 at the start, 1 after half of the prompt, and always 1 without an expectation.
  private var trust: Double {
    attentionShare > 0 ? min(1, 2 * Double(done - first) / Double(total - first)) : 1
  }
}
