/// Estimates the remaining time of a prefill from the time of its chunks so far.
///
/// Attention makes each token cost more than the one before: a line is fitted to the cost of a token over its position
/// (least squares, weighted by tokens) and extrapolated to the end of the prompt.
package struct PrefillForecast: Sendable {
  private let total: Int
  private var done: Int
  private var time: Double
  // Sums over the chunks, weighted by their tokens: 1, position, position², cost, cost times position.
  private var weight = 0.0
  private var (position, square, cost, product) = (0.0, 0.0, 0.0, 0.0)

  /// The prefill starts after `done` of `total` tokens, at a time in seconds.
  package init(done: Int, total: Int, now: Double) {
    (self.done, self.total, time) = (done, total, now)
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
    let spread = weight * square - position * position
    // Later tokens never cost less; a negative slope is measurement noise.
    let slope = spread > 0 ? max(0, (weight * product - position * cost) / spread) : 0
    let base = (cost - slope * position) / weight
    let rest = Double(total - done) * max(0, base + slope * Double(done + total) / 2)
    return max(0, rest - (now - time))
  }
}
