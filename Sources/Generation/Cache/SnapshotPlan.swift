/// Where, while a prompt is read, states are kept that cannot be had later by cutting back.
///
/// A stop costs a pass over the weights for what may be a few tokens, so one is made only where it saves at
/// least `gap` tokens of reading.
package enum SnapshotPlan {
  /// Tokens by which a snapshot must be ahead of the one before it.
  package static let gap = 64
  /// Tokens between snapshots inside a long message.
  package static let interval = 1024

  /// The positions, in rising order, all within the part that is read.
  /// - Parameters:
  ///   - reused: tokens that are not read; a state is held there.
  ///   - count: tokens of the prompt; its end is kept anyway.
  ///   - boundaries: where messages begin, in rising order.
  ///   - interval: tokens between snapshots where no message begins.
  package static func positions(
    reused: Int, count: Int, boundaries: [Int], interval: Int = interval
  ) -> [Int] {
    var result: [Int] = []
    var last = reused
    func fill(to end: Int) {
      while end - last > interval + gap {
        last += interval
        result.append(last)
      }
    }
    for boundary in boundaries where boundary < count && boundary - last >= gap {
      fill(to: boundary)
      result.append(boundary)
      last = boundary
    }
    fill(to: count)
    return result
  }

  /// The distance at which the snapshots of a prompt of `count` tokens, `bytes` each, take at most an eighth of
  /// the budget.
  package static func interval(count: Int, bytes: Int, budget: Int) -> Int {
    let affordable = max(1, budget / 8 / max(bytes, 1))
    return max(interval, (count + affordable - 1) / affordable)
  }
}
