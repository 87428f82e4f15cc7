import Basics
import Compute
import Foundation
import Testing

extension KernelTests {
  @Suite struct RWKVTests {
    /// Heads and columns of a head.
    static let shapes = [(1, 1), (3, 16), (2, 20), (4, 7), (2, 64), (1, 130)]

    @Test(arguments: shapes) func everySequenceGoesOnBehindItsState(heads: Int, size: Int) throws {
      for threads in [1, 3] {
        let backend = CPUBackend(precision: .exact, threads: threads)
        try onEveryLevel { level in
          var random = SplitMix64(seed: size)
          let reference = RWKVReference(heads: heads, size: size, &random)
          let settings = try reference.settings(backend)
          let calls = [[5, 0, 1], [1, 1, 1], [0, 0, 0], [3, 14, 7], [0, 20, 3]]
          let caches = calls[0].map { _ in backend.recurrentCache(settings.cacheShape) }
          var states = caches.map { _ in [Double](repeating: 0, count: heads * size * size) }
          for counts in calls {
            let inputs = reference.inputs(rows: counts.reduce(0, +), &random)
            var expected: [Double] = []
            var row = 0
            for (index, count) in counts.enumerated() {
              expected += reference.run(inputs, row..<row + count, &states[index])
              row += count
            }
            let output = backend.values(
              reference.run(inputs, 0..<row, on: backend, settings, caches: caches, counts: counts))
            #expect(largestDifference(output, expected) < 2e-4, "\(level), \(threads) threads, \(counts)")
          }
        }
      }
    }

    @Test func chunksAndTokensAreEqual() throws {
      let backend = CPUBackend(precision: .fast, threads: 2)
      try onEveryLevel { level in
        var random = SplitMix64(seed: 4)
        let reference = RWKVReference(heads: 3, size: 24, &random)
        let settings = try reference.settings(backend)
        let inputs = reference.inputs(rows: 30, &random)
        func run(_ chunks: [Int]) -> [Float] {
          let cache = backend.recurrentCache(settings.cacheShape)
          var row = 0
          return chunks.flatMap { count in
            defer { row += count }
            return backend.values(
              reference.run(
                inputs, row..<row + count, on: backend, settings, caches: [cache], counts: [count]))
          }
        }
        let whole = run([30])
        #expect(run(Array(repeating: 1, count: 30)) == whole, "\(level)")
        #expect(run([7, 13, 10]) == whole, "\(level)")
      }
    }

    /// Each row is mixed with the one before it, also across calls.
    @Test(arguments: [1, 16, 37, 300]) func tokensAreShifted(columns: Int) throws {
      let backend = CPUBackend(precision: .exact, threads: 2)
      try onEveryLevel { level in
        var random = SplitMix64(seed: columns)
        let mixes = (0..<3).map { _ in random.normals(columns) }
        let parameters = try mixes.map { try vectorParameter(backend, $0) }
        let shape = RecurrentShape(channels: columns, taps: 2, heads: 0, rows: 0, columns: 0)
        let caches = [backend.recurrentCache(shape), backend.recurrentCache(shape)]
        var last = [[Float](repeating: 0, count: columns), [Float](repeating: 0, count: columns)]
        for counts in [[3, 1], [1, 0], [0, 5], [20, 2]] {
          let x = random.normals(counts.reduce(0, +) * columns)
          var expected: [Double] = []
          var row = 0
          for (index, count) in counts.enumerated() {
            for _ in 0..<count {
              let now = Array(x[(row * columns)..<((row + 1) * columns)])
              for mix in mixes {
                expected += now.indices.map {
                  Double(now[$0]) + (Double(last[index][$0]) - Double(now[$0])) * Double(mix[$0])
                }
              }
              last[index] = now
              row += 1
            }
          }
          let input = inset(backend, x, columns: columns, by: 2)
          let output = backend.tokenShift(input, mixes: parameters, caches: caches, counts: counts)
          #expect(largestDifference(backend.values(output), expected) < 3e-6, "\(level)")
        }
        #expect(caches.map(\.length) == [24, 8])
      }
    }
  }
}

/// RWKV-7's rule in double precision.
private struct RWKVReference {
  /// Receptance, decay, key, value and rate.
  typealias Inputs = [[Float]]

  let heads: Int
  let size: Int
  /// Erase, blend, bonus, the norm's weight and its bias.
  let vectors: [[Float]]

  init(heads: Int, size: Int, _ random: inout SplitMix64) {
    self.heads = heads
    self.size = size
    var vectors: [[Float]] = []
    for _ in 0..<5 { vectors.append(random.normals(heads * size)) }
    self.vectors = vectors
  }

  func settings(_ backend: CPUBackend) throws -> RWKVSettings {
    let parameters = try vectors.map { try vectorParameter(backend, $0) }
    return RWKVSettings(
      heads: heads, size: size, erase: parameters[0], blend: parameters[1], bonus: parameters[2],
      norm: (parameters[3], parameters[4], 64e-5))
  }

  func inputs(rows: Int, _ random: inout SplitMix64) -> Inputs {
    var inputs: Inputs = []
    for _ in 0..<5 { inputs.append(random.normals(rows * heads * size)) }
    return inputs
  }

  func run(
    _ inputs: Inputs, _ rows: Range<Int>, on backend: CPUBackend, _ settings: RWKVSettings,
    caches: [any RecurrentCache], counts: [Int]
  ) -> Tensor {
    let columns = heads * size
    let views = inputs.map { numbers in
      let part = Array(numbers[(rows.lowerBound * columns)..<(rows.upperBound * columns)])
      return part.isEmpty
        ? backend.tensor([], columns: columns) : inset(backend, part, columns: columns, by: 2)
    }
    return backend.rwkv(
      receptance: views[0], decay: views[1], key: views[2], value: views[3], rate: views[4], settings,
      caches: caches, counts: counts)
  }

  /// The outputs of `rows`; the state is [heads, keys, values].
  func run(_ inputs: Inputs, _ rows: Range<Int>, _ state: inout [Double]) -> [Double] {
    func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
    var outputs: [Double] = []
    for row in rows {
      for head in 0..<heads {
        let places = (0..<size).map { head * size + $0 }
        func input(_ index: Int) -> [Double] { places.map { Double(inputs[index][row * heads * size + $0]) } }
        func vector(_ index: Int) -> [Double] { places.map { Double(vectors[index][$0]) } }
        let (receptance, value) = (input(0), input(3))
        let decay = input(1).map { exp(-0.606531 * sigmoid($0)) }
        let rate = input(4).map(sigmoid)
        var erase = zip(input(2), vector(0)).map { $0 * $1 }
        let norm = max(erase.reduce(0) { $0 + $1 * $1 }.squareRoot(), 1e-7)
        erase = erase.map { $0 / norm }
        let blend = vector(1)
        let key = input(2).enumerated().map { $1 * (1 + (rate[$0] - 1) * blend[$0]) }
        var y = [Double](repeating: 0, count: size)
        for j in 0..<size {
          func place(_ i: Int) -> Int { (head * size + i) * size + j }
          let erased = (0..<size).reduce(0) { $0 + state[place($1)] * erase[$1] }
          for i in 0..<size {
            state[place(i)] = state[place(i)] * decay[i] - erased * erase[i] * rate[i] + key[i] * value[j]
            y[j] += state[place(i)] * receptance[i]
          }
        }
        let mean = y.reduce(0, +) / Double(size)
        let variance = y.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(size)
        let bonuses = vector(2), weight = vector(3), bias = vector(4)
        let bonus = (0..<size).reduce(0) { $0 + receptance[$1] * key[$1] * bonuses[$1] }
        outputs += (0..<size).map {
          (y[$0] - mean) / (variance + 64e-5).squareRoot() * weight[$0] + bias[$0] + bonus * value[$0]
        }
      }
    }
    return outputs
  }
}
