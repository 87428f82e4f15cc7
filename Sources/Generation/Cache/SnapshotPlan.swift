/// The prompt positions at which snapshots of caches that can't be truncated are taken during prefill.
///
/// A snapshot splits a chunk, which costs a pass over the weights for possibly few tokens; one is taken only if it
/// can save at least `gap` tokens.
package enum SnapshotPlan {
  /// The least distance between two snapshots, in tokens.
  package static let gap = 64
  /// Tokens between snapshots inside a long message.
  package static let interval = 1024

  /// The positions in ascending order, all within the part to be prefilled.
  /// - Parameters:
  ///   - reused: tokens that are not prefilled; a state is held at their end.
  ///   - count: tokens of the prompt; a state is always kept at its end.
  ///   - boundaries: the starts of messages, in ascending order.
  ///   - interval: tokens between snapshots inside a message.
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

  /// The interval at which the snapshots of a prompt of `count` tokens, `bytes` each, take at most an eighth of the
  /// budget.
  package static func interval(count: Int, bytes: Int, budget: Int) -> Int {
    let affordable = max(1, budget / 8 / max(bytes, 1))
    return max(interval, (count + affordable - 1) / affordable)
  }
}
