import Basics
import Compute
import Foundation
import Testing

extension KernelTests {
  @Suite struct SelectiveScanTests {
    struct Shape: CustomStringConvertible, Sendable {
      var channels: Int, stateSize: Int
      var skips = true
      var description: String { "\(channels) channels of \(stateSize) numbers" }
    }
    static let shapes = [
      Shape(channels: 1, stateSize: 1), Shape(channels: 16, stateSize: 16, skips: false),
      Shape(channels: 67, stateSize: 5), Shape(channels: 300, stateSize: 16),
      Shape(channels: 21, stateSize: 256),
    ]

    @Test(arguments: shapes) func everySequenceIsScannedBehindItsState(shape: Shape) throws {
      for threads in [1, 3] {
        let backend = CPUBackend(precision: .exact, threads: threads)
        try onEveryLevel { level in
          var random = SplitMix64(seed: shape.channels)
          let reference = SelectiveReference(shape, &random)
          let settings = try reference.settings(backend)
          let calls = [[5, 0, 1], [1, 1, 1], [0, 0, 0], [3, 4, 64], [0, 70, 17]]
          let caches = calls[0].map { _ in backend.recurrentCache(settings.cacheShape(taps: 1)) }
          var states = caches.map { _ in [Double](repeating: 0, count: shape.channels * shape.stateSize) }
          for counts in calls {
            let inputs = reference.inputs(rows: counts.reduce(0, +), &random)
            var expected: [Double] = []
            var row = 0
            for (index, count) in counts.enumerated() {
              expected += reference.scan(inputs, row..<row + count, &states[index])
              row += count
            }
            let output = backend.values(
              reference.scan(inputs, 0..<inputs.rows, on: backend, settings, caches: caches, counts: counts))
            let largest = expected.map(abs).max() ?? 0
            #expect(
              largestDifference(output, expected) < 3e-6 * (1 + largest),
              "\(level), \(threads) threads, \(counts)")
          }
          #expect(caches.map(\.length) == [9, 75, 83])
        }
      }
    }

    /// Chunks of a prompt give the same numbers as single tokens, and a fork goes on by itself.
    @Test func chunksAndTokensAreEqual() throws {
      let backend = CPUBackend(precision: .fast, threads: 2)
      try onEveryLevel { level in
        var random = SplitMix64(seed: 4)
        let reference = SelectiveReference(Shape(channels: 83, stateSize: 16), &random)
        let settings = try reference.settings(backend)
        let inputs = reference.inputs(rows: 40, &random)
        func run(_ chunks: [Int], _ cache: any RecurrentCache, from start: Int) -> [Float] {
          var row = start
          return chunks.flatMap { count in
            defer { row += count }
            return backend.values(
              reference.scan(
                inputs, row..<row + count, on: backend, settings, caches: [cache], counts: [count]))
          }
        }
        let shape = settings.cacheShape(taps: 1)
        let whole = run([40], backend.recurrentCache(shape), from: 0)
        #expect(
          run(Array(repeating: 1, count: 40), backend.recurrentCache(shape), from: 0) == whole, "\(level)")
        let cache = backend.recurrentCache(shape)
        #expect(run([7, 13], cache, from: 0) == Array(whole[..<(20 * 83)]), "\(level)")
        let fork = try #require(cache.fork() as? any RecurrentCache)
        #expect(run([20], cache, from: 20) == Array(whole[(20 * 83)...]), "\(level)")
        #expect(run([1, 19], fork, from: 20) == Array(whole[(20 * 83)...]), "\(level)")
      }
    }
  }
}

/// The recurrence of a state space with a decay per channel and state, in double precision.
private struct SelectiveReference {
  struct Inputs {
    var rows: Int
    var x: [Float], b: [Float], c: [Float], steps: [Float]
  }

  let shape: KernelTests.SelectiveScanTests.Shape
  /// [channels, stateSize].
  let rate: [Float]
  let skip: [Float]

  init(_ shape: KernelTests.SelectiveScanTests.Shape, _ random: inout SplitMix64) {
    self.shape = shape
    rate = random.normals(shape.channels * shape.stateSize).map { -exp($0) }
    skip = random.normals(shape.channels)
  }

  func settings(_ backend: CPUBackend) throws -> SelectiveScanSettings {
    SelectiveScanSettings(
      channels: shape.channels, stateSize: shape.stateSize,
      rate: try matrixParameter(backend, rate, [shape.channels, shape.stateSize]),
      skip: shape.skips ? try vectorParameter(backend, skip) : nil)
  }

  func inputs(rows: Int, _ random: inout SplitMix64) -> Inputs {
    Inputs(
      rows: rows, x: random.normals(rows * shape.channels), b: random.normals(rows * shape.stateSize),
      c: random.normals(rows * shape.stateSize), steps: random.normals(rows * shape.channels))
  }

  /// The backend's scan of some rows, which are views into wider tensors.
  func scan(
    _ inputs: Inputs, _ rows: Range<Int>, on backend: CPUBackend, _ settings: SelectiveScanSettings,
    caches: [any RecurrentCache], counts: [Int]
  ) -> Tensor {
    func view(_ numbers: [Float], _ columns: Int) -> Tensor {
      let part = Array(numbers[(rows.lowerBound * columns)..<(rows.upperBound * columns)])
      return part.isEmpty
        ? backend.tensor([], columns: columns) : inset(backend, part, columns: columns, by: 2)
    }
    return backend.selectiveScan(
      view(inputs.x, shape.channels), b: view(inputs.b, shape.stateSize), c: view(inputs.c, shape.stateSize),
      steps: view(inputs.steps, shape.channels), settings, caches: caches, counts: counts)
  }

  /// The outputs of `rows`; `state` is [channels, stateSize].
  func scan(_ inputs: Inputs, _ rows: Range<Int>, _ state: inout [Double]) -> [Double] {
    var outputs: [Double] = []
    for row in rows {
      for channel in 0..<shape.channels {
        let place = row * shape.channels + channel
        let (raw, x) = (Double(inputs.steps[place]), Double(inputs.x[place]))
        let step = max(raw, 0) + log1p(exp(-abs(raw)))
        var y = shape.skips ? Double(skip[channel]) * x : 0
        for n in 0..<shape.stateSize {
          let number = channel * shape.stateSize + n
          state[number] =
            exp(Double(rate[number]) * step) * state[number]
            + step * Double(inputs.b[row * shape.stateSize + n]) * x
          y += Double(inputs.c[row * shape.stateSize + n]) * state[number]
        }
        outputs.append(y)
      }
    }
    return outputs
  }
}
