import Compute
import Foundation

/// Sampling by definition, in double precision and with sorting: the reference for the kernels.
struct ReferenceSampler {
  /// The tokens that pass the filters, in ascending order, with their probabilities.
  let kept: [(token: Int, probability: Double)]

  init(_ logits: [Float], _ parameters: SamplingParameters) {
    let logits = Self.adjusted(logits, parameters.adjustments)
    let possible = logits.indices.filter { logits[$0] > -.infinity }
    let largest = possible.map { logits[$0] }.max() ?? 0
    let temperature = Double(parameters.temperature)
    func weight(_ token: Int) -> Double {
      largest == .infinity
        ? (logits[token] == .infinity ? 1 : 0) : exp((Double(logits[token]) - Double(largest)) / temperature)
    }
    var order = possible.sorted { logits[$0] != logits[$1] ? logits[$0] > logits[$1] : $0 < $1 }
    if parameters.topK > 0 { order = Array(order.prefix(parameters.topK)) }
    if parameters.topP < 1 {
      let wanted = Double(parameters.topP) * order.reduce(0) { $0 + weight($1) }
      var sum = 0.0
      order = order.enumerated().prefix { index, token in
        defer { sum += weight(token) }
        return index == 0 || sum < wanted
      }.map(\.element)
    }
    if parameters.minP > 0 { order = order.filter { weight($0) >= Double(min(parameters.minP, 1)) } }
    let total = order.reduce(0) { $0 + weight($1) }
    kept = order.sorted().map { ($0, weight($0) / total) }
  }

  private static func adjusted(_ logits: [Float], _ adjustments: [LogitAdjustment]) -> [Float] {
    var logits = logits
    for change in adjustments where logits.indices.contains(Int(change.token)) {
      let x = logits[Int(change.token)] + change.bias
      logits[Int(change.token)] =
        (x > 0 ? x / change.repetition : x * change.repetition) - change.penalty
    }
    return logits
  }

  /// Whether this token is a valid draw, if rounding changes cumulative probabilities by up to `tolerance`.
  func allows(_ token: Int32, uniform: Double, tolerance: Double) -> Bool {
    var sum = 0.0
    for (id, probability) in kept {
      if id == Int(token) {
        return probability > 0 && uniform >= sum - tolerance && uniform <= sum + probability + tolerance
      }
      sum += probability
    }
    return false
  }
}
