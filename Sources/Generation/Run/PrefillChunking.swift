import Compute

/// The number of prompt tokens per forward pass: what the machine prefills in about a second, so that progress is
/// visible and cancellation is fast, but not so few that matrix products become inefficient (a mixture of 32 experts
/// prefills 256 tokens at 93% of the speed of 512, and 64 at 60%).
package struct PrefillChunking {
  package private(set) var size: Int
  package static let least = 256
  private static let most = 1024

  /// Chunks for a backend, of which one that computes behind the host needs the largest from the first one on: 1,024 tokens
  /// take a GPU a few hundredths of a second.
  package init(on backend: any Backend) {
    self.init(first: backend is any LookAheadBackend ? Self.most : Self.least)
  }

  package init(first: Int = Self.least) { size = first }

  /// Adapts to the duration of a chunk.
  package mutating func note(tokens: Int, seconds: Double) {
    guard seconds > 0, tokens >= ReadingSpeed.least else { return }
    let wanted = Int(Double(tokens) / seconds) / 32 * 32
    size = min(max(wanted, Self.least), Self.most)
  }
}

/// Prefill speed, measured on chunks that are long enough.
package struct ReadingSpeed: Sendable {
  /// The least length of a chunk that is measured; in shorter ones the fixed cost of a pass dominates.
  package static let least = 32

  private var tokens = 0
  private var seconds = 0.0

  package init() {}

  /// Tokens per second; nil before the first measured chunk.
  package var rate: Double? { seconds > 0 ? Double(tokens) / seconds : nil }

  /// Records the duration of a chunk.
  package mutating func note(tokens: Int, seconds: Double) {
    guard tokens >= Self.least else { return }
    self.tokens += tokens
    self.seconds += seconds
  }
}
