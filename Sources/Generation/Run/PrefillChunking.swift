/// How many prompt tokens one forward pass takes: as many as the machine reads in about a second, so that
/// progress moves and a stop is honoured soon, but never so few that the matrix products become inefficient
/// (a mixture of 32 experts reads 256 tokens at 93% of the speed of 512, and 64 at 60%).
package struct PrefillChunking {
  package private(set) var size = 256

  package init() {}

  /// Adapts to how long a chunk took.
  package mutating func note(tokens: Int, seconds: Double) {
    guard seconds > 0, tokens >= 32 else { return }
    let wanted = Int(Double(tokens) / seconds) / 32 * 32
    size = min(max(wanted, 256), 1024)
  }
}
