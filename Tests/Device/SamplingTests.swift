import Compute
import ComputeCUDA
import Foundation

/// Draws of the device against the host's for the same logits and random numbers.
enum SamplingTests {
  private static let vocabulary = 50_003
  private static let rounds = 60

  /// What is wrong, or nil.
  static func run(_ device: CUDADevice) throws -> String? {
    let backend = try CUDABackend(device: device, precision: .exact)
    let host = CPUBackend(precision: .exact, threads: 2)
    var generator = SystemRandomNumberGenerator(), different: [String] = [], count = 0
    for round in 0..<rounds {
      let spread: Float = round % 3 == 0 ? 0.5 : 3
      // Coarse numbers have many equals.
      let step: Float = round % 4 == 0 ? 0.25 : 0.0001
      let logits = (0..<3 * vocabulary).map { _ in
        ((0..<4).reduce(Float(0)) { sum, _ in sum + Float.random(in: -1...1, using: &generator) } * spread
          / step)
          .rounded() * step
      }
      let settings = (0..<3).map { row in
        SamplingParameters(
          temperature: row == 2 && round % 5 == 0 ? 0 : Float.random(in: 0.2...1.5, using: &generator),
          topK: round % 2 == 0 ? 0 : Int.random(in: 1...200, using: &generator),
          topP: round % 7 < 3 ? 1 : Float.random(in: 0.05...0.99, using: &generator),
          minP: round % 6 < 4 ? 0 : Float.random(in: 0.01...0.3, using: &generator),
          adjustments: round % 8 == 0
            ? (0..<20).map { LogitAdjustment(token: Int32($0 * 37), bias: 1, repetition: 1.2, penalty: 0.5) }
            : [],
          uniform: Double.random(in: 0..<1, using: &generator))
      }
      let ours = backend.ids(backend.sample(backend.tensor(logits, columns: vocabulary), settings))
      let theirs = host.ids(host.sample(host.tensor(logits, columns: vocabulary), settings))
      for (row, (a, b)) in zip(ours, theirs).enumerated() {
        count += 1
        if a != b { different.append("\(settings[row]): \(a), \(b)") }
      }
    }
    try backend.throwIfFailed()
    let none = backend.ids(
      backend.sample(
        backend.tensor([-.infinity, .nan, -.infinity], columns: 3),
        [SamplingParameters(temperature: 1, uniform: 0.5)]))
    if none != [-1] { return "drew \(none) from nothing" }
    // Sums are rounded differently, so that a draw near the end of a token's range may differ.
    return different.count * 50 <= count
      ? nil : "\(different.count) of \(count) draws differ: \(different.prefix(3))"
  }
}
