import Basics
import CKernels
import Compute
import Foundation
import Testing

extension KernelTests {
  @Suite struct AttentionTests {
    struct Shape: CustomStringConvertible, Sendable {
      var heads: Int, keyValueHeads: Int, headSize: Int
      var valueHeadSize: Int?
      var window: Int?
      var softcap: Float?
      var sinks = false
      /// Whether values are the first columns of the keys.
      var sharesValues = false
      /// The number of appended rows of each call.
      var calls: [Int]

      var sharedValues: Int? { sharesValues ? valueHeadSize : nil }

      var description: String {
        "\(heads)/\(keyValueHeads) heads of \(headSize), values \(valueHeadSize ?? headSize)\(sharesValues ? " shared" : ""), window "
          + "\(window ?? 0), cap \(softcap ?? 0), sinks \(sinks), calls \(calls)"
      }

      func reference(_ random: inout SplitMix64) -> ReferenceAttention {
        ReferenceAttention(
          heads: heads, keyValueHeads: keyValueHeads, headSize: headSize,
          valueHeadSize: valueHeadSize ?? headSize, scale: 1 / Float(headSize).squareRoot(), window: window,
          softcap: softcap, sinks: sinks ? random.normals(heads, times: 2) : nil, sharesValues: sharesValues)
      }
    }

    static let shapes: [Shape] = [
      Shape(heads: 1, keyValueHeads: 1, headSize: 8, calls: [1, 1, 14, 1, 48, 1]),
      Shape(heads: 6, keyValueHeads: 2, headSize: 12, calls: [5, 1, 1, 63, 64, 65]),
      Shape(heads: 4, keyValueHeads: 4, headSize: 20, softcap: 3, calls: [17, 1, 130]),
      Shape(heads: 9, keyValueHeads: 3, headSize: 64, calls: [150, 1, 2, 5, 40]),
      Shape(heads: 8, keyValueHeads: 1, headSize: 64, window: 20, sinks: true, calls: [100, 1, 1, 33]),
      Shape(heads: 8, keyValueHeads: 2, headSize: 80, window: 64, calls: [3, 200, 1]),
      Shape(heads: 2, keyValueHeads: 1, headSize: 96, sinks: true, calls: [66, 2]),
      Shape(heads: 4, keyValueHeads: 1, headSize: 128, valueHeadSize: 48, calls: [70, 1]),
      Shape(heads: 4, keyValueHeads: 1, headSize: 256, window: 5, softcap: 50, calls: [30, 1, 40]),
      Shape(heads: 3, keyValueHeads: 3, headSize: 7, valueHeadSize: 33, window: 1, calls: [9, 1, 70]),
      Shape(heads: 16, keyValueHeads: 1, headSize: 16, calls: [300]),
      // Values in the keys (latent attention).
      Shape(
        heads: 3, keyValueHeads: 1, headSize: 25, valueHeadSize: 17, sharesValues: true, calls: [5, 1, 70, 1]),
      Shape(
        heads: 4, keyValueHeads: 2, headSize: 24, valueHeadSize: 24, window: 70, softcap: 3,
        sharesValues: true,
        calls: [3, 130, 1]),
      Shape(
        heads: 14, keyValueHeads: 1, headSize: 40, valueHeadSize: 32, sinks: true, sharesValues: true,
        calls: [1, 90, 1]),
      // Tiles of many rows whose pages are divided into ranges.
      Shape(heads: 3, keyValueHeads: 1, headSize: 32, sinks: true, calls: [700, 41, 6]),
      Shape(
        heads: 5, keyValueHeads: 1, headSize: 33, valueHeadSize: 50, window: 300, softcap: 4,
        calls: [500, 41]),
    ]

    @Test(arguments: shapes) func exactCallsEqualTheReference(shape: Shape) throws {
      for threads in [1, 3] {
        let backend = CPUBackend(precision: .exact, threads: threads)
        try onEveryLevel { level in
          var random = SplitMix64(seed: shape.headSize)
          let reference = shape.reference(&random)
          var histories = [
            History(
              cache: backend.keyValueCache(
                heads: shape.keyValueHeads, headSize: shape.headSize, window: shape.window,
                sharedValues: shape.sharedValues))
          ]
          for count in shape.calls {
            let (output, expected) = try History.append(
              [count], to: &histories, at: [0], backend, reference, &random)
            #expect(largestDifference(output, expected) < 1e-5, "\(level), \(threads) threads, \(count) rows")
          }
        }
      }
    }

    /// The order of partial sums depends on the lengths only.
    @Test(arguments: shapes, Precision.allCases)
    func resultsDoNotDependOnThreads(shape: Shape, precision: Precision) throws {
      var random = SplitMix64(seed: shape.headSize)
      let reference = shape.reference(&random), calls = shape.calls + [700, 1]
      let numbers = random.normals(calls.reduce(0, +) * max(reference.queryColumns, reference.valueColumns))
      try onEveryLevel { level in
        var expected: [[Float]]?
        for threads in [1, 2, 3, 5] {
          let backend = CPUBackend(precision: precision, threads: threads)
          let settings = try reference.settings(backend)
          let cache = backend.keyValueCache(
            heads: shape.keyValueHeads, headSize: shape.headSize, window: shape.window,
            sharedValues: shape.sharedValues)
          let outputs = try calls.map { rows in
            func input(_ columns: Int) -> Tensor {
              backend.tensor(Array(numbers[..<(rows * columns)]), columns: columns)
            }
            return backend.values(
              try backend.attention(
                query: input(reference.queryColumns), key: input(reference.keyColumns),
                value: input(reference.valueColumns), caches: [cache], counts: [rows], settings))
          }
          expected = expected ?? outputs
          #expect(outputs == expected, "\(level), \(threads) threads")
        }
      }
    }

    /// Keys and values that float16 and bfloat16 hold exactly: the remaining error is the rounding of queries and
    /// weights, at most 2^-9 each, on levels that compute in bfloat16.
    @Test(arguments: shapes) func fastCallsAreCloseToTheReference(shape: Shape) throws {
      let backend = CPUBackend(precision: .fast, threads: 2)
      try onEveryLevel { level in
        var random = SplitMix64(seed: shape.headSize)
        let reference = shape.reference(&random)
        var histories = [
          History(
            cache: backend.keyValueCache(
              heads: shape.keyValueHeads, headSize: shape.headSize, window: shape.window,
              sharedValues: shape.sharedValues))
        ]
        for count in shape.calls {
          let (output, expected) = try History.append(
            [count], to: &histories, at: [0], backend, reference, &random, rounding: 8)
          let bound = level == "avx512" ? 0.03 : 1e-5
          #expect(largestDifference(output, expected) < bound, "\(level), \(count) rows")
        }
      }
    }

    /// Keys and values that 8 bits hold exactly: the remaining error is float32's rounding, or bfloat16's as above.
    @Test(arguments: shapes, Precision.allCases) func eightBitsThatFitAreExact(
      shape: Shape, precision: Precision
    ) throws {
      let backend = CPUBackend(precision: precision, threads: 2, cacheFormat: .int8)
      try onEveryLevel { level in
        var random = SplitMix64(seed: shape.headSize)
        let reference = shape.reference(&random)
        var histories = [
          History(
            cache: backend.keyValueCache(
              heads: shape.keyValueHeads, headSize: shape.headSize, window: shape.window,
              sharedValues: shape.sharedValues))
        ]
        for count in shape.calls {
          let (output, expected) = try History.append(
            [count], to: &histories, at: [0], backend, reference, &random,
            rounding: precision == .fast ? 8 : nil, inBytes: true)
          let bound = precision == .fast && level == "avx512" ? 0.06 : 2e-5
          #expect(largestDifference(output, expected) < bound, "\(level), \(count) rows")
        }
      }
    }

    /// Any keys and values: the error of a number is up to 1/254 of the largest with the same scale, here 2% of the
    /// standard deviation. Scores and weights change by 2%, outputs by about 1%; five times that is never reached by
    /// any of thousands.
    @Test(arguments: shapes) func eightBitsAreClose(shape: Shape) throws {
      let backend = CPUBackend(precision: .exact, threads: 2, cacheFormat: .int8)
      try onEveryLevel { level in
        var random = SplitMix64(seed: shape.headSize + 1)
        let reference = shape.reference(&random)
        var histories = [
          History(
            cache: backend.keyValueCache(
              heads: shape.keyValueHeads, headSize: shape.headSize, window: shape.window,
              sharedValues: shape.sharedValues))
        ]
        var squares = 0.0, errors = 0.0
        for count in shape.calls {
          let (output, expected) = try History.append(
            [count], to: &histories, at: [0], backend, reference, &random)
          for (x, y) in zip(output, expected) {
            squares += y * y
            errors += (Double(x) - y) * (Double(x) - y)
          }
        }
        let error = (errors / squares).squareRoot()
        #expect(error < 0.02, "\(level)")
      }
    }

    @Test func sequencesOfOneCallAreIndependent() throws {
      let backend = CPUBackend(precision: .exact, threads: 2)
      try onEveryLevel { level in
        var random = SplitMix64(seed: 5)
        var shape = Shape(heads: 4, keyValueHeads: 2, headSize: 24, calls: [])
        shape.sinks = true
        let reference = shape.reference(&random)
        var histories = (0..<5).map { _ in
          History(cache: backend.keyValueCache(heads: 2, headSize: 24, window: nil))
        }
        for counts in [[70, 3, 1, 0, 129], [1, 1, 1, 1, 1], [0, 0, 0, 0, 0], [2, 90, 0, 64, 1]] {
          let (output, expected) = try History.append(
            counts, to: &histories, at: [0, 1, 2, 3, 4], backend, reference, &random)
          #expect(largestDifference(output, expected) < 1e-5, "\(level), \(counts)")
        }
      }
    }

    /// Long enough that a decoding step is divided into several ranges of pages, whose results are combined.
    @Test func rangesOfPagesAreCombined() throws {
      for (sinks, window) in [(false, nil), (true, nil), (true, 1000)] as [(Bool, Int?)] {
        let backend = CPUBackend(precision: .exact, threads: 4)
        try onEveryLevel { level in
          var random = SplitMix64(seed: 11)
          let reference = Shape(
            heads: 3, keyValueHeads: 1, headSize: 32, window: window, sinks: sinks, calls: []
          ).reference(&random)
          var histories = [History(cache: backend.keyValueCache(heads: 1, headSize: 32, window: window))]
          for count in [1500, 1, 2, 20] {
            let (output, expected) = try History.append(
              [count], to: &histories, at: [0], backend, reference, &random)
            #expect(largestDifference(output, expected) < 1e-5, "\(level), \(count) rows")
          }
        }
      }
    }

    /// Scores that grow or fall from page to page by far more than the range of float32's exponent.
    @Test(arguments: [1, -1]) func largeScoresNeitherOverflowNorVanish(direction: Float) throws {
      let backend = CPUBackend(precision: .exact, threads: 1)
      let count = 400
      let keys = (0..<count).map { Float($0) * 10 * direction }
      let values = (0..<count).map { Float($0) }
      try onEveryLevel { level in
        let cache = backend.keyValueCache(heads: 1, headSize: 1, window: nil)
        let output = try backend.attention(
          query: backend.tensor([Float](repeating: 1, count: count), columns: 1),
          key: backend.tensor(keys, columns: 1), value: backend.tensor(values, columns: 1), caches: [cache],
          counts: [count], AttentionSettings(heads: 1, keyValueHeads: 1, headSize: 1, scale: 1))
        for (row, value) in backend.values(output).enumerated() {
          // The weight of the neighbour is e^-10.
          let expected = direction > 0 ? Double(row) - 4.54e-5 : 4.54e-5
          #expect(abs(Double(value) - expected) < 1e-3, "\(level) \(row)")
        }
      }
    }

    /// The content after the last position must not matter.
    @Test func numbersOutsideTheRangeOfFloat16AreClamped() throws {
      let backend = CPUBackend(precision: .fast, threads: 1)
      try onEveryLevel { level in
        let cache = backend.keyValueCache(heads: 1, headSize: 1, window: nil)
        let output = try backend.attention(
          query: backend.tensor([0], columns: 1), key: backend.tensor([1e30], columns: 1),
          value: backend.tensor([-1e30], columns: 1), caches: [cache], counts: [1],
          AttentionSettings(heads: 1, keyValueHeads: 1, headSize: 1, scale: 1))
        #expect(backend.values(output) == [-65504], "\(level)")
      }
    }

    @Test func eightBitsHoldZerosAndAreClamped() throws {
      let backend = CPUBackend(precision: .exact, threads: 1, cacheFormat: .int8)
      try onEveryLevel { level in
        for (key, value, expected) in [(0, 0, 0), (1e30, -1e30, -127 * 65504), (1e-30, 1e-30, 0)]
          as [(Float, Float, Float)]
        {
          let cache = backend.keyValueCache(heads: 1, headSize: 1, window: nil)
          let output = try backend.attention(
            query: backend.tensor([0], columns: 1), key: backend.tensor([key], columns: 1),
            value: backend.tensor([value], columns: 1), caches: [cache], counts: [1],
            AttentionSettings(heads: 1, keyValueHeads: 1, headSize: 1, scale: 1))
          #expect(backend.values(output) == [expected], "\(level)")
        }
      }
    }
  }
}
