import Basics
import Compute
import Foundation
import Testing

extension KernelTests {
  @Suite struct StateSpaceTests {
    struct Shape: CustomStringConvertible, Sendable {
      var heads: Int, headSize: Int, groups: Int, stateSize: Int
      var skips = true
      var limits: ClosedRange<Float> = 0...Float.infinity
      var description: String {
        "\(heads) heads of \(headSize), \(groups) groups, state \(stateSize), steps \(limits)"
      }
    }
    static let shapes = [
      Shape(heads: 1, headSize: 1, groups: 1, stateSize: 1),
      Shape(heads: 4, headSize: 16, groups: 2, stateSize: 8, skips: false),
      Shape(heads: 6, headSize: 20, groups: 3, stateSize: 17, limits: 0.05...0.3),
      Shape(heads: 3, headSize: 64, groups: 1, stateSize: 128),
      Shape(heads: 5, headSize: 80, groups: 5, stateSize: 33),
      Shape(heads: 2, headSize: 7, groups: 1, stateSize: 30),
    ]
    /// Rows of three sequences per call: none, one by one, partial chunks, whole ones and more.
    static let calls = [
      [5, 0, 1], [1, 1, 1], [0, 0, 0], [3, 4, 64], [70, 1, 2], [0, 200, 17], [63, 2, 65],
    ]

    @Test(arguments: shapes) func everySequenceIsScannedBehindItsState(shape: Shape) throws {
      for threads in [1, 3] {
        let backend = CPUBackend(precision: .exact, threads: threads)
        try onEveryLevel { level in
          var random = SplitMix64(seed: shape.headSize)
          let reference = ReferenceScan(shape, &random)
          let settings = try reference.settings(backend)
          let cacheShape = settings.cacheShape(channels: 0, taps: 1)
          let caches = Self.calls[0].map { _ in backend.recurrentCache(cacheShape) }
          var states = caches.map { _ in [Double](repeating: 0, count: cacheShape.stateCount) }
          var lengths = caches.map { _ in 0 }
          for counts in Self.calls {
            let rows = counts.reduce(0, +)
            let inputs = reference.inputs(rows: rows, &random)
            var expected: [Double] = []
            var row = 0
            for (index, count) in counts.enumerated() {
              expected += reference.scan(inputs, row..<row + count, &states[index])
              row += count
              lengths[index] += count
            }
            let output = backend.stateSpaceScan(inputs, settings, caches: caches, counts: counts)
            let largest = expected.map(abs).max() ?? 0
            #expect(
              largestDifference(backend.values(output), expected) < 3e-6 * (1 + largest),
              "\(level), \(threads) threads, \(counts)")
            #expect(caches.map(\.length) == lengths)
          }
        }
      }
    }

    /// Rates and steps such that decays are 0 or 1, over several chunks.
    @Test func extremeDecaysAreExact() throws {
      let backend = CPUBackend(precision: .fast, threads: 2)
      try onEveryLevel { level in
        var random = SplitMix64(seed: 3)
        var reference = ReferenceScan(Shape(heads: 4, headSize: 16, groups: 1, stateSize: 16), &random)
        reference.logRate = [12, -30, 5, -2]
        reference.stepBias = [30, 0, -40, 8]
        let settings = try reference.settings(backend)
        let cache = backend.recurrentCache(settings.cacheShape(channels: 0, taps: 1))
        var state = [Double](repeating: 0, count: 4 * 16 * 16)
        for count in [150, 1, 100] {
          let inputs = reference.inputs(rows: count, &random)
          let expected = reference.scan(inputs, 0..<count, &state)
          let output = backend.stateSpaceScan(inputs, settings, caches: [cache], counts: [count])
          let largest = expected.map(abs).max() ?? 0
          #expect(largestDifference(backend.values(output), expected) < 1e-5 * (1 + largest), "\(level)")
        }
      }
    }

    @Test func aForkIsIndependent() throws {
      let backend = CPUBackend(precision: .exact, threads: 2)
      var random = SplitMix64(seed: 9)
      let reference = ReferenceScan(Shape(heads: 2, headSize: 16, groups: 1, stateSize: 4), &random)
      let settings = try reference.settings(backend)
      let cache = backend.recurrentCache(settings.cacheShape(channels: 0, taps: 1))
      let (first, second) = (reference.inputs(rows: 10, &random), reference.inputs(rows: 70, &random))
      func scan(_ inputs: ReferenceScan.Inputs, _ cache: any RecurrentCache) -> [Float] {
        backend.values(backend.stateSpaceScan(inputs, settings, caches: [cache], counts: [inputs.rows]))
      }
      _ = scan(first, cache)
      let fork = try #require(cache.fork() as? any RecurrentCache)
      let expected = scan(second, cache)
      #expect(scan(second, fork) == expected)
      #expect(fork.length == 80)
    }
  }
}

extension CPUBackend {
  /// A scan of inputs that are views into wider tensors.
  func stateSpaceScan(
    _ inputs: ReferenceScan.Inputs, _ settings: StateSpaceSettings, caches: [any RecurrentCache],
    counts: [Int]
  ) -> Tensor {
    func view(_ numbers: [Float], _ columns: Int) -> Tensor {
      numbers.isEmpty ? tensor([], columns: columns) : inset(self, numbers, columns: columns, by: 2)
    }
    let columns = settings.groups * settings.stateSize
    return stateSpaceScan(
      view(inputs.x, settings.heads * settings.headSize), b: view(inputs.b, columns),
      c: view(inputs.c, columns),
      steps: view(inputs.steps, settings.heads), settings, caches: caches, counts: counts)
  }
}
