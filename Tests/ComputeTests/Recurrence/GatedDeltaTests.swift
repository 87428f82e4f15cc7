import Basics
import Compute
import Foundation
import Testing

extension KernelTests {
  /// The gated delta rule, compared with token by token in double precision.
  @Suite struct GatedDeltaTests {
    static let shapes = [
      DeltaShape(keyHeads: 1, valueHeads: 1, keySize: 8, valueSize: 8),
      DeltaShape(keyHeads: 2, valueHeads: 4, keySize: 16, valueSize: 32),
      DeltaShape(keyHeads: 1, valueHeads: 3, keySize: 10, valueSize: 5),
      DeltaShape(keyHeads: 2, valueHeads: 2, keySize: 17, valueSize: 33),
      DeltaShape(keyHeads: 1, valueHeads: 2, keySize: 64, valueSize: 72),
      DeltaShape(keyHeads: 2, valueHeads: 4, keySize: 128, valueSize: 128),
      DeltaShape(keyHeads: 2, valueHeads: 6, keySize: 16, valueSize: 24, tilesValueHeads: true),
      DeltaShape(keyHeads: 1, valueHeads: 1, keySize: 8, valueSize: 8, decays: .perChannel(lowerBound: nil)),
      DeltaShape(keyHeads: 3, valueHeads: 3, keySize: 17, valueSize: 33, decays: .perChannel(lowerBound: -5)),
      DeltaShape(
        keyHeads: 2, valueHeads: 2, keySize: 128, valueSize: 72, decays: .perChannel(lowerBound: nil)),
    ]
    /// Rows of three sequences per call: none, one, a few, less than a chunk, and several uneven chunks.
    static let calls = [[3, 0, 1], [1, 9, 70], [0, 0, 0], [130, 1, 8], [1, 1, 1], [0, 64, 17]]

    @Test(arguments: shapes) func everySequenceGoesForward(_ shape: DeltaShape) throws {
      for threads in [1, 3] {
        let backend = CPUBackend(precision: .exact, threads: threads)
        try onEveryLevel { level in
          var random = SplitMix64(seed: shape.keySize + shape.valueSize)
          var rule = try ReferenceDelta(shape, backend, sequences: 3, &random)
          let caches = rule.makeCaches(backend)
          for counts in Self.calls {
            let inputs = DeltaInputs(shape, rows: counts.reduce(0, +), &random)
            let expected = rule.advance(inputs, counts)
            let output = try inputs.run(backend, rule.settings, caches, counts)
            #expect(
              distance(output, expected) < 3e-5, "\(level), \(threads) threads, \(counts)")
          }
          #expect(caches.map(\.length) == [135, 75, 97])
        }
      }
    }

    /// Decays of 0 and 1, repeated keys, writes of strength 0 and 1.
    @Test(
      arguments: [-60, -8, 0, 8, 60] as [Float],
      [.perHead, .perChannel(lowerBound: nil)] as [GatedDeltaSettings.Decays])
    func extremeGates(decay: Float, decays: GatedDeltaSettings.Decays) throws {
      let heads = decays == .perHead ? 1 : 2
      let shape = DeltaShape(keyHeads: heads, valueHeads: 2, keySize: 16, valueSize: 20, decays: decays)
      for write: Float in [-30, 0, 30] {
        let backend = CPUBackend(precision: .exact, threads: 1)
        try onEveryLevel { level in
          var random = SplitMix64(seed: 3)
          var rule = try ReferenceDelta(shape, backend, sequences: 1, &random)
          let caches = rule.makeCaches(backend)
          for count in [1, 5, 100] {
            var inputs = DeltaInputs(shape, rows: count, &random)
            for i in inputs.decay.indices where i % 3 > 0 { inputs.decay[i] += decay }
            for i in inputs.write.indices where i % 4 > 0 { inputs.write[i] += write }
            for i in 16..<max(16, inputs.key.count) where i / 16 % 5 > 2 {
              inputs.key[i] = inputs.key[i - 16]
            }
            let expected = rule.advance(inputs, [count])
            let output = try inputs.run(backend, rule.settings, caches, [count])
            #expect(distance(output, expected) < 1e-4, "\(level), \(count)")
          }
        }
      }
    }

    @Test func zerosGiveZeros() throws {
      let shape = DeltaShape(keyHeads: 1, valueHeads: 1, keySize: 4, valueSize: 4)
      let backend = CPUBackend(precision: .exact, threads: 1)
      var random = SplitMix64(seed: 1)
      let rule = try ReferenceDelta(shape, backend, sequences: 1, &random)
      for count in [2, 40] {
        var inputs = DeltaInputs(shape, rows: count, &random)
        inputs.key = inputs.key.map { _ in 0 }
        inputs.query = inputs.key
        let output = try inputs.run(backend, rule.settings, rule.makeCaches(backend), [count])
        #expect(output.allSatisfy { $0 == 0 })
      }
    }

    @Test func aForkKeepsItsState() throws {
      let shape = DeltaShape(keyHeads: 1, valueHeads: 2, keySize: 16, valueSize: 16)
      let backend = CPUBackend(precision: .exact, threads: 2)
      var random = SplitMix64(seed: 5)
      let rule = try ReferenceDelta(shape, backend, sequences: 1, &random)
      let cache = rule.makeCaches(backend)[0]
      let first = DeltaInputs(shape, rows: 20, &random), second = DeltaInputs(shape, rows: 30, &random)
      _ = try first.run(backend, rule.settings, [cache], [20])
      let fork = try #require(cache.fork() as? any RecurrentCache)
      let ours = try second.run(backend, rule.settings, [cache], [30])
      #expect(try second.run(backend, rule.settings, [fork], [30]) == ours)
      #expect(cache.length == 50 && fork.length == 50)
    }

    /// The largest difference over the root mean square of the expected values.
    private func distance(_ output: [Float], _ expected: [Double]) -> Double {
      let mean = expected.reduce(0) { $0 + $1 * $1 } / Double(max(expected.count, 1))
      return largestDifference(output, expected) / max(mean.squareRoot(), 1e-30)
    }
  }
}
