/// How many prompt tokens one forward pass takes: as many as the machine reads in about a second, so that
/// progress moves and a stop is honoured soon, but never so few that the matrix products become inefficient
/// (a mixture of 32 experts reads 256 tokens at 93% of the speed of 512, and 64 at 60%).
package struct PrefillChunking {
  package private(set) var size = 256

  package init() {}

  /// Adapts to how long a chunk took.
  package mutating func note(tokens: Int, seconds: Double) {
    guard seconds > 0, tokens >= ReadingSpeed.least else { return }
    let wanted = Int(Double(tokens) / seconds) / 32 * 32
    size = min(max(wanted, 256), 1024)
  }
}

/// How fast prompts are read, from chunks long enough to tell.
package struct ReadingSpeed: Sendable {
  /// Tokens from which on a chunk tells the speed; below, what every pass costs shows.
  package static let least = 32

  private var tokens = 0
  private var seconds = 0.0

  package init() {}

  /// Tokens a second; nil before there was a chunk that tells.
  package var rate: Double? { seconds > 0 ? Double(tokens) / seconds : nil }

  /// Notes how long a chunk took.
  package mutating func note(tokens: Int, seconds: Double) {
    guard tokens >= Self.least else { return }
    self.tokens += tokens
    self.seconds += seconds
  }
}
