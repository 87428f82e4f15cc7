import Basics
import Compute
import Foundation
import Testing

extension KernelTests {
  @Suite struct ConvolutionTests {
    struct Shape: CustomStringConvertible, Sendable {
      var channels: Int, taps: Int
      var bias = true
      var activation: Activation?
      var description: String {
        "\(channels) channels, \(taps) taps\(bias ? ", bias" : "")\(activation == nil ? "" : ", silu")"
      }
    }
    static let shapes = [
      Shape(channels: 1, taps: 4, activation: .silu), Shape(channels: 17, taps: 1),
      Shape(channels: 64, taps: 4, bias: false, activation: .silu),
      Shape(channels: 33, taps: 2, activation: .silu),
      Shape(channels: 130, taps: 3, bias: false), Shape(channels: 1001, taps: 4, activation: .silu),
      Shape(channels: 5376, taps: 4, bias: false, activation: .silu), Shape(channels: 48, taps: 9),
    ]
    /// Rows of three sequences per call: none, one, fewer than the state holds, and many.
    static let calls = [[5, 0, 1], [1, 1, 1], [0, 0, 0], [2, 40, 0], [0, 3, 11], [1, 0, 2]]

    @Test(arguments: shapes) func everySequenceIsConvolvedBehindItsPast(shape: Shape) throws {
      for threads in [1, 3] {
        let backend = CPUBackend(precision: .exact, threads: threads)
        try onEveryLevel { level in
          var random = SplitMix64(seed: shape.channels + shape.taps)
          let weight = random.normals(shape.channels * shape.taps), bias = random.normals(shape.channels)
          let extents = threads == 1 ? [shape.channels, shape.taps] : [shape.channels, 1, shape.taps]
          let parameter = try matrixParameter(backend, weight, extents)
          let biasParameter = shape.bias ? try vectorParameter(backend, bias) : nil
          let caches = Self.calls[0].map { _ in backend.recurrentCache(Self.cacheShape(shape)) }
          var histories = [[Float]](repeating: [], count: caches.count)
          for counts in Self.calls {
            var input: [Float] = []
            var expected: [Double] = []
            for (index, count) in counts.enumerated() {
              let rows = random.normals(count * shape.channels, times: 2)
              input += rows
              histories[index] += rows
              expected += Self.reference(shape, histories[index], weight, bias).suffix(rows.count)
            }
            let x = inset(backend, input, columns: shape.channels, by: 2)
            let y = backend.causalConvolution(
              counts.allSatisfy { $0 == 0 } ? backend.tensor([], columns: shape.channels) : x,
              weight: parameter, bias: biasParameter, activation: shape.activation, caches: caches,
              counts: counts)
            #expect(
              largestDifference(backend.values(y), expected) < 1e-5, "\(level), \(threads) threads, \(counts)"
            )
          }
          // The recurrence of these caches has not advanced, so they can't be used as they are.
          #expect(caches.allSatisfy { $0.length == 0 && !$0.canTruncate(to: 1) && $0.canTruncate(to: 0) })
        }
      }
    }

    @Test func aForkKeepsItsInputs() throws {
      let backend = CPUBackend(precision: .exact, threads: 1)
      let shape = Shape(channels: 3, taps: 3, bias: false)
      let weight = try matrixParameter(backend, [1, 0, 0, 1, 0, 0, 1, 0, 0], [3, 3])
      func step(_ cache: any RecurrentCache, _ number: Float) -> [Float] {
        let x = backend.tensor([number, number, number], columns: 3)
        return backend.values(
          backend.causalConvolution(
            x, weight: weight, bias: nil, activation: nil, caches: [cache], counts: [1]))
      }
      let cache = backend.recurrentCache(Self.cacheShape(shape))
      _ = step(cache, 1)
      let fork = try #require(cache.fork() as? any RecurrentCache)
      // The oldest tap: the input of two calls before.
      #expect([2, 3, 4].map { step(cache, $0)[0] } == [0, 1, 2])
      #expect([5, 6, 7].map { step(fork, $0)[2] } == [0, 1, 5])
    }

    @Test func aConvolutionAloneCountsItsPositions() throws {
      let backend = CPUBackend(precision: .exact, threads: 1)
      let weight = try matrixParameter(backend, [1, 0, 1, 0], [2, 2])
      let cache = backend.recurrentCache(
        RecurrentShape(channels: 2, taps: 2, heads: 0, rows: 0, columns: 0))
      func convolve(_ cache: any RecurrentCache, _ rows: Int) -> [Float] {
        let x = backend.tensor((0..<2 * rows).map { Float($0 + 1) }, columns: 2)
        return backend.values(
          backend.causalConvolution(
            x, weight: weight, bias: nil, activation: nil, caches: [cache], counts: [rows]))
      }
      #expect(convolve(cache, 3) == [0, 0, 1, 2, 3, 4])
      #expect(cache.length == 3 && cache.canTruncate(to: 3) && !cache.canTruncate(to: 2))
      let restored = backend.recurrentCache(cache.shape)
      try restored.restore(cache.image())
      #expect(restored.length == 3 && convolve(restored, 1) == [5, 6])
      cache.truncate(to: 0)
      #expect(cache.length == 0 && convolve(cache, 1) == [0, 0])
    }

    /// A pass that fails between convolution and recurrence leaves a cache that must be reset.
    @Test func aHalfAdvancedCacheIsReset() throws {
      let backend = CPUBackend(precision: .exact, threads: 1)
      let weight = try matrixParameter(backend, [1, 0, 1, 0], [2, 2])
      let cache = backend.recurrentCache(
        RecurrentShape(channels: 2, taps: 2, heads: 1, rows: 1, columns: 1))
      let x = backend.tensor([1, 2], columns: 2)
      _ = backend.causalConvolution(
        x, weight: weight, bias: nil, activation: nil, caches: [cache], counts: [1])
      #expect(cache.length == 0 && cache.canTruncate(to: 0))
      #expect(throws: CacheImageError.notEmpty) { try cache.restore(cache.image()) }
      cache.truncate(to: 0)
      let again = backend.causalConvolution(
        x, weight: weight, bias: nil, activation: nil, caches: [cache], counts: [1])
      #expect(backend.values(again) == [0, 0])
    }

    static func cacheShape(_ shape: Shape) -> RecurrentShape {
      RecurrentShape(channels: shape.channels, taps: shape.taps, heads: 1, rows: 1, columns: 1)
    }

    /// All rows of a sequence at once, with zeros before the first.
    static func reference(_ shape: Shape, _ x: [Float], _ weight: [Float], _ bias: [Float]) -> [Double] {
      let rows = x.count / shape.channels
      var result: [Double] = []
      for row in 0..<rows {
        for channel in 0..<shape.channels {
          var sum = shape.bias ? Double(bias[channel]) : 0
          for tap in 0..<shape.taps where row + tap >= shape.taps - 1 {
            let input = x[(row + tap - shape.taps + 1) * shape.channels + channel]
            sum += Double(weight[channel * shape.taps + tap]) * Double(input)
          }
          result.append(shape.activation == nil ? sum : sum / (1 + exp(-sum)))
        }
      }
      return result
    }
  }
}
