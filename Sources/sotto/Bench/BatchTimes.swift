/// When the answers of requests that were submitted together arrived, in seconds since then.
struct BatchTimes: Sendable {
  /// The time of every token of every request.
  let tokens: [[Double]]
  /// The time to the first token of every request.
  let firstTokens: [Double]
  /// The end of all, and the processor seconds of all threads.
  let seconds, processor: Double

  /// Generated tokens of all requests per second while all of them generate: from the first token of the last one to the
  /// end of the first one. Those that start earlier generate beside the prefill of the others, which is not the speed of
  /// decoding. If there is no such time, from the first token of all to the last.
  var generationRate: Double {
    let started = tokens.compactMap(\.first), ended = tokens.compactMap(\.last)
    guard let first = started.min(), let all = started.max(), let end = ended.min(), let last = ended.max()
    else { return 0 }
    return all < end ? rate(from: all, to: end) : rate(from: first, to: last)
  }

  /// The tokens after a time, up to another, per second.
  private func rate(from start: Double, to end: Double) -> Double {
    let count = tokens.reduce(0) { $0 + $1.count { $0 > start && $0 <= end } }
    return end > start ? Double(count) / (end - start) : 0
  }
}
