/// The speed of an answer over its duration, as a line of bars.
package enum SpeedText {
  private static let bars = Array("▁▂▃▄▅▆▇█")
  /// The largest number of bars.
  package static let columns = 40

  /// Bars from zero to the highest speed; empty for fewer than two values.
  package static func graph(_ speeds: [Double]) -> String {
    let speeds = speeds.filter(\.isFinite)
    guard speeds.count > 1, let highest = speeds.max(), highest > 0 else { return "" }
    return String(speeds.prefix(columns).map { bars[min(7, max(0, Int($0 / highest * 7.999)))] })
  }

  /// The speeds in equal parts of an answer.
  /// - Parameter samples: the time and the number of tokens so far, in ascending order.
  package static func speeds(_ samples: [(time: Double, tokens: Int)], parts: Int = columns) -> [Double] {
    guard let first = samples.first, let last = samples.last, last.time > first.time, samples.count > 2 else {
      return []
    }
    let parts = min(parts, samples.count - 1)
    let width = (last.time - first.time) / Double(parts)
    var result: [Double] = []
    var index = 0
    var before = Double(first.tokens)
    for part in 1...parts {
      let end = first.time + Double(part) * width
      while index + 1 < samples.count, samples[index + 1].time <= end { index += 1 }
      // Between two samples the number of tokens grows evenly.
      var tokens = Double(samples[index].tokens)
      if index + 1 < samples.count {
        let (one, two) = (samples[index], samples[index + 1])
        if two.time > one.time {
          tokens += Double(two.tokens - one.tokens) * (end - one.time) / (two.time - one.time)
        }
      }
      result.append(max(0, (tokens - before) / width))
      before = tokens
    }
    return result
  }
}
