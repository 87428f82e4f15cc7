/// The measured duration of a model's decoding passes, by their number of rows. For the generator's thread only.
///
/// Durations are relative to a pass with one row, since both grow with the context. They are medians of the latest few,
/// so that a pass that another program disturbed does not count, and they are forgotten gradually.
package final class PassCosts {
  /// The largest number of rows of a pass that verifies proposals.
  package static let mostRows = 33

  private struct Estimate {
    /// The latest measurements, oldest first.
    private var latest: [Double] = []
    /// Their median.
    private(set) var value = 0.0
    /// How much they count: their number at most.
    var weight = 0.0

    mutating func add(_ measurement: Double) {
      if latest.count == PassCosts.memory { latest.removeFirst() }
      latest.append(measurement)
      weight = min(weight + 1, Double(latest.count), 4)
      let sorted = latest.sorted(), middle = sorted.count / 2
      value = sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }
  }

  /// What a measurement still counts after a pass with one row: a single one that was disturbed must not turn proposals
  /// off for thousands of tokens.
  private static let forgetting = 0.985
  /// The number of measurements of a median.
  private static let memory = 7

  /// Seconds of a pass with one row; 0 before the first.
  private var single = Estimate()
  /// Relative durations by number of rows.
  private var ratios = Array(repeating: Estimate(), count: mostRows + 1)
  /// The assumed growth per row before anything is measured.
  private static let assumedGrowth = 0.15
  /// The weight of an assumption in measurements.
  private static let assumedWeight = 0.5

  package init() {}

  /// Seconds of a pass with one row; nil before the first.
  package var singleSeconds: Double? { single.weight > 0 ? single.value : nil }

  /// Records a pass.
  package func note(rows: Int, seconds: Double) {
    guard seconds > 0, rows >= 1, rows <= Self.mostRows else { return }
    guard rows > 1 else {
      single.add(seconds)
      for index in ratios.indices { ratios[index].weight *= Self.forgetting }
      return
    }
    guard let singleSeconds else { return }
    // A pass never costs more than its rows one by one, unless another program disturbed it.
    ratios[rows].add(min(seconds / singleSeconds, Double(rows)))
  }

  /// The expected duration of a pass, relative to one with one row: interpolated between measured numbers of rows.
  package func ratio(rows: Int) -> Double {
    guard rows > 1 else { return 1 }
    var below = (rows: 1, value: 1.0), above: (rows: Int, value: Double)?
    for index in 2...Self.mostRows where ratios[index].weight > 0 {
      let estimate = ratios[index]
      let assumed = 1 + Self.assumedGrowth * Double(index - 1)
      let value =
        (estimate.value * estimate.weight + assumed * Self.assumedWeight)
        / (estimate.weight + Self.assumedWeight)
      if index <= rows {
        below = (index, value)
      } else {
        above = (index, value)
        break
      }
    }
    if let above {
      let share = Double(rows - below.rows) / Double(above.rows - below.rows)
      return below.value + (above.value - below.value) * share
    }
    let growth = below.rows > 1 ? max((below.value - 1) / Double(below.rows - 1), 0) : Self.assumedGrowth
    return below.value + growth * Double(rows - below.rows)
  }
}
