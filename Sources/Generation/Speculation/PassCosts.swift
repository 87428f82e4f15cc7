/// The measured duration of a model's decoding passes, by their number of rows. For the generator's thread only.
///
/// Durations are relative to a pass with one row, since both grow with the context. They are forgotten gradually, so
/// that a disturbed measurement does not last.
package final class PassCosts {
  /// The largest number of rows of a pass that verifies proposals.
  package static let mostRows = 33

  private struct Estimate {
    var value = 0.0
    var weight = 0.0
  }

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
      Self.add(seconds, to: &single)
      for index in ratios.indices { ratios[index].weight *= 0.999 }
      return
    }
    guard let singleSeconds else { return }
    Self.add(seconds / singleSeconds, to: &ratios[rows])
  }

  /// A moving average over about four values.
  private static func add(_ value: Double, to estimate: inout Estimate) {
    estimate.weight = min(estimate.weight + 1, 4)
    estimate.value += (value - estimate.value) / estimate.weight
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
