import Basics
import Compute
import Foundation
import Testing

extension KernelTests {
  @Suite struct RealGatedRecurrenceTests {
    /// Heads and columns of a head.
    static let shapes = [(1, 1), (3, 16), (2, 40), (4, 7), (1, 100), (5, 64)]

    @Test(arguments: shapes) func everySequenceGoesOnBehindItsState(heads: Int, columns: Int) throws {
      for threads in [1, 3] {
        let backend = CPUBackend(precision: .exact, threads: threads)
        try onEveryLevel { level in
          var random = SplitMix64(seed: columns)
          let reference = RecurrenceReference(heads: heads, columns: columns, &random)
          let settings = try reference.settings(backend)
          let calls = [[5, 0, 1], [1, 1, 1], [0, 0, 0], [3, 14, 27], [0, 30, 13]]
          let caches = calls[0].map { _ in backend.recurrentCache(settings.cacheShape(taps: 1)) }
          var states = caches.map { _ in [Double]?.none }
          for counts in calls {
            let rows = counts.reduce(0, +)
            let x = random.normals(rows * heads * columns)
            var expected: [Double] = []
            var row = 0
            for (index, count) in counts.enumerated() {
              expected += reference.run(x, row..<row + count, &states[index])
              row += count
            }
            let input =
              rows == 0
              ? backend.tensor([], columns: heads * columns)
              : inset(backend, x, columns: heads * columns, by: 2)
            let output = backend.values(
              backend.realGatedRecurrence(input, settings, caches: caches, counts: counts))
            #expect(largestDifference(output, expected) < 2e-5, "\(level), \(threads) threads, \(counts)")
          }
          #expect(caches.map(\.length) == [9, 45, 42])
        }
      }
    }

    @Test func chunksAndTokensAreEqual() throws {
      let backend = CPUBackend(precision: .fast, threads: 2)
      try onEveryLevel { level in
        var random = SplitMix64(seed: 4)
        let reference = RecurrenceReference(heads: 3, columns: 37, &random)
        let settings = try reference.settings(backend)
        let x = random.normals(40 * 111)
        func run(_ chunks: [Int]) -> [Float] {
          let cache = backend.recurrentCache(settings.cacheShape(taps: 1))
          var row = 0
          return chunks.flatMap { count in
            defer { row += count }
            let part = backend.tensor(Array(x[(row * 111)..<((row + count) * 111)]), columns: 111)
            return backend.values(
              backend.realGatedRecurrence(part, settings, caches: [cache], counts: [count]))
          }
        }
        let whole = run([40]).map { Double($0) }
        #expect(largestDifference(run(Array(repeating: 1, count: 40)), whole) < 1e-5, "\(level)")
        #expect(largestDifference(run([7, 13, 20]), whole) < 1e-5, "\(level)")
      }
    }
  }
}

/// The RG-LRU in double precision.
private struct RecurrenceReference {
  let heads: Int
  let columns: Int
  /// [heads, inputs, outputs].
  let inputWeight: [Float], gateWeight: [Float]
  let inputBias: [Float], gateBias: [Float], rate: [Float]

  init(heads: Int, columns: Int, _ random: inout SplitMix64) {
    self.heads = heads
    self.columns = columns
    let scale = 1 / Float(columns).squareRoot()
    inputWeight = random.normals(heads * columns * columns, times: scale)
    gateWeight = random.normals(heads * columns * columns, times: scale)
    inputBias = random.normals(heads * columns)
    gateBias = random.normals(heads * columns)
    rate = random.normals(heads * columns, times: 2)
  }

  func settings(_ backend: CPUBackend) throws -> RealGatedRecurrenceSettings {
    RealGatedRecurrenceSettings(
      heads: heads, columns: columns,
      input: (try vectorParameter(backend, inputWeight), try vectorParameter(backend, inputBias)),
      recurrence: (try vectorParameter(backend, gateWeight), try vectorParameter(backend, gateBias)),
      rate: try vectorParameter(backend, rate))
  }

  /// The outputs of `rows`; the state is nil before a sequence's first position.
  func run(_ x: [Float], _ rows: Range<Int>, _ state: inout [Double]?) -> [Double] {
    let width = heads * columns
    var outputs: [Double] = []
    for row in rows {
      var next = [Double](repeating: 0, count: width)
      for place in 0..<width {
        let head = place / columns, column = place % columns
        var input = Double(inputBias[place]), gate = Double(gateBias[place])
        for k in 0..<columns {
          let number = Double(x[row * width + head * columns + k])
          input += number * Double(inputWeight[(head * columns + k) * columns + column])
          gate += number * Double(gateWeight[(head * columns + k) * columns + column])
        }
        let softplus = max(Double(rate[place]), 0) + log1p(exp(-abs(Double(rate[place]))))
        let logDecay = -8 * softplus / (1 + exp(-gate))
        let gated = Double(x[row * width + place]) / (1 + exp(-input))
        if let state {
          next[place] = exp(logDecay) * state[place] + (1 - exp(2 * logDecay)).squareRoot() * gated
        } else {
          next[place] = gated
        }
      }
      state = next
      outputs += next
    }
    return outputs
  }
}
