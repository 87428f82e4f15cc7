import Basics
import Compute
import Foundation
import Testing

extension KernelTests {
  @Suite struct SamplingTests {
    private let backend = CPUBackend(precision: .exact, threads: 2)

    private func sample(_ logits: [Float], _ parameters: SamplingParameters) -> Int32 {
      backend.ids(backend.sample(backend.tensor(logits, columns: logits.count), [parameters]))[0]
    }

    @Test(arguments: [1, 2, 15, 16, 17, 63, 64, 65, 1000, 201_088])
    func theFirstOfTheLargestIsFound(count: Int) {
      var random = SplitMix64(seed: UInt64(count))
      for round in 0..<20 {
        var logits = random.normals(min(count, 3000), times: 10)
        logits += [Float](repeating: -100, count: count - logits.count)
        if round % 2 == 1 { logits = logits.map { ($0 / 10).rounded() } }
        if round % 3 == 2 { logits[Int.random(in: 0..<count, using: &random)] = .nan }
        if round == 4 { logits[count - 1] = .infinity }
        var expected: Int?
        for (i, x) in logits.enumerated() where !x.isNaN && x > expected.map({ logits[$0] }) ?? -.infinity {
          expected = i
        }
        let tensor = backend.tensor(logits, columns: count)
        onEveryLevel { level in
          #expect(backend.ids(backend.argmax(tensor)) == [Int32(expected ?? -1)], "\(level)")
        }
      }
    }

    static let filters: [SamplingParameters] = [
      SamplingParameters(uniform: 0), SamplingParameters(temperature: 0.3, uniform: 0),
      SamplingParameters(temperature: 2, uniform: 0), SamplingParameters(topK: 1, uniform: 0),
      SamplingParameters(topK: 7, uniform: 0), SamplingParameters(topK: 300, uniform: 0),
      SamplingParameters(topP: 0, uniform: 0), SamplingParameters(topP: 0.1, uniform: 0),
      SamplingParameters(topP: 0.9, uniform: 0), SamplingParameters(temperature: 3, topP: 0.999, uniform: 0),
      SamplingParameters(minP: 0.1, uniform: 0), SamplingParameters(minP: 1, uniform: 0),
      SamplingParameters(temperature: 0.7, minP: 1e-4, uniform: 0),
      SamplingParameters(topK: 40, topP: 0.95, minP: 0.05, uniform: 0),
      SamplingParameters(temperature: 1.5, topK: 100, topP: 0.5, uniform: 0),
      SamplingParameters(topK: 50, minP: 0.02, uniform: 0),
      SamplingParameters(topP: 0.9, minP: 0.001, uniform: 0),
    ]

    /// Flat and peaked logits of odd sizes with many equals: every draw is valid by the definition.
    @Test(arguments: [1, 2, 3, 15, 16, 17, 33, 100, 1023, 1024, 1025, 5000, 50_001], filters)
    func drawsFollowTheDefinition(count: Int, filter: SamplingParameters) {
      var random = SplitMix64(seed: UInt64(count))
      for shape in 0..<4 {
        var logits = random.normals(count, times: [0.01, 1, 5, 5][shape])
        if shape == 3 {
          logits = logits.map { ($0 / 3).rounded() * 3 }
          logits[count / 2] = .nan
          logits[count / 3] = -.infinity
          if logits.allSatisfy({ $0.isNaN || $0 == -.infinity }) { continue }
        }
        let reference = ReferenceSampler(logits, filter)
        let tensor = backend.tensor(logits, columns: count)
        let draws = [0, 0.999_999_999, random.uniform(), random.uniform(), random.uniform()]
        onEveryLevel { level in
          for uniform in draws {
            var parameters = filter
            parameters.uniform = uniform
            let token = backend.ids(backend.sample(tensor, [parameters]))[0]
            #expect(
              reference.allows(token, uniform: uniform, tolerance: 2e-5),
              "\(level), shape \(shape), \(uniform) gave \(token)")
          }
        }
      }
    }

    /// Pearson's chi-squared test: 60,000 draws against the probabilities of the definition.
    @Test(arguments: filters) func frequenciesFollowTheDefinition(filter: SamplingParameters) {
      var random = SplitMix64(seed: 77)
      let logits = random.normals(60, times: 2)
      let reference = ReferenceSampler(logits, filter)
      let tensor = backend.tensor(logits, columns: logits.count)
      let draws = 60_000
      var counts = [Int](repeating: 0, count: logits.count)
      for _ in 0..<draws {
        var parameters = filter
        parameters.uniform = random.uniform()
        counts[Int(backend.ids(backend.sample(tensor, [parameters]))[0])] += 1
      }
      let kept = Set(reference.kept.map(\.token))
      #expect(counts.indices.allSatisfy { counts[$0] == 0 || kept.contains($0) })
      // Tokens with an expected count below five are grouped.
      var groups: [(expected: Double, observed: Int)] = []
      var rare = (expected: 0.0, observed: 0)
      for (token, probability) in reference.kept {
        let expected = probability * Double(draws)
        if expected < 5 {
          rare = (rare.expected + expected, rare.observed + counts[token])
        } else {
          groups.append((expected, counts[token]))
        }
      }
      if rare.expected >= 5 { groups.append(rare) }
      let statistic = groups.reduce(0) { sum, group in
        let difference = Double(group.observed) - group.expected
        return sum + difference * difference / group.expected
      }
      // The statistic's mean is its degrees of freedom d, its variance 2 d.
      let freedom = Double(groups.count - 1)
      #expect(statistic <= freedom + 5 * (2 * freedom).squareRoot() + 1e-9, "\(statistic) of \(freedom)")
    }

    @Test func withoutNumbersNoTokenIsSampled() {
      for parameters in Self.filters + [.greedy] {
        onEveryLevel { level in
          #expect(sample([.nan, .nan, .nan], parameters) == -1, "\(level)")
          #expect(sample([Float](repeating: -.infinity, count: 2000), parameters) == -1, "\(level)")
          #expect(sample([.nan, 3, -.infinity], parameters) == 1, "\(level)")
          #expect([0, 2].contains(sample([.infinity, 1, .infinity, 2], parameters)), "\(level)")
          #expect(sample([-3e38, .nan, -.infinity], parameters) == 0, "\(level)")
        }
      }
    }

    /// The largest and the smallest temperatures of a float.
    @Test(arguments: [Float.leastNonzeroMagnitude, 1e-30, 1e30, .greatestFiniteMagnitude])
    func extremeTemperaturesGiveAValidToken(temperature: Float) {
      var random = SplitMix64(seed: 1)
      for _ in 0..<50 {
        let parameters = SamplingParameters(temperature: temperature, uniform: random.uniform())
        let token = sample([1, 5, -2, .nan], parameters)
        #expect(temperature < 1 ? token == 1 : (0..<3).contains(token))
      }
    }

    @Test func adjustmentsComeBeforeEverythingElse() {
      var parameters = SamplingParameters.greedy
      parameters.adjustments = [
        LogitAdjustment(token: 0, repetition: 2), LogitAdjustment(token: -3, bias: 9),
        LogitAdjustment(token: 9, bias: 9),
      ]
      #expect(sample([4, 3, -1], parameters) == 1, "4 becomes 2")
      #expect(sample([-1, -1.5, -9], parameters) == 1, "-1 becomes -2")
      parameters.adjustments = [LogitAdjustment(token: 2, bias: 5.5, repetition: 1.1, penalty: 1)]
      #expect(sample([4, 3, -1], parameters) == 0, "-1 becomes 3.09")
      parameters.adjustments[0].penalty = -1
      #expect(sample([4, 3, -1], parameters) == 2, "-1 becomes 5.09")
      parameters.adjustments = [LogitAdjustment(token: 0, bias: -.infinity)]
      #expect(sample([4, 3, -1], parameters) == 1)
      for filter in Self.filters {
        var random = SplitMix64(seed: 4)
        let logits = random.normals(3000, times: 2)
        var parameters = filter
        parameters.uniform = 0.4
        parameters.adjustments = (0..<200).map {
          LogitAdjustment(token: $0 * 7, bias: random.normal(), repetition: 1.3, penalty: random.normal())
        }
        let reference = ReferenceSampler(logits, parameters)
        #expect(reference.allows(sample(logits, parameters), uniform: 0.4, tolerance: 1e-5))
      }
    }

    /// Rows have their own settings; results depend neither on other rows nor on the number of threads.
    @Test func rowsAreSampledIndependently() {
      var random = SplitMix64(seed: 12)
      let count = 40_000
      let rows = Self.filters.map { filter in
        var parameters = filter
        parameters.uniform = random.uniform()
        parameters.adjustments = [LogitAdjustment(token: 5, bias: random.normal())]
        return parameters
      }
      let logits = rows.map { _ in random.normals(count, times: 3) }
      let alone = zip(logits, rows).map { sample($0, $1) }
      for threads in [1, 2, 3, 5] {
        let backend = CPUBackend(precision: .exact, threads: threads)
        let wide = inset(backend, logits.flatMap { $0 }, columns: count, by: 3)
        #expect(backend.ids(backend.sample(wide, rows)) == alone, "\(threads) threads")
      }
    }

    @Test(arguments: [1, 5, 16, 33, 1025, 201_088]) func logProbabilitiesFollowTheFormula(count: Int) {
      var random = SplitMix64(seed: UInt64(count))
      for scale: Float in [0.01, 3, 12] {
        let logits = random.normals(count, times: scale).map { $0 + 30 }
        let largest = Double(logits.max() ?? 0)
        let normaliser = log(logits.reduce(0.0) { $0 + exp(Double($1) - largest) }) + largest
        let order = logits.indices.sorted { logits[$0] != logits[$1] ? logits[$0] > logits[$1] : $0 < $1 }
        let tensor = backend.tensor(logits + logits, columns: count)
        onEveryLevel { level in
          let tokens = Tokens([0, Int32(count - 1)])
          for (row, found) in backend.logProbabilities(tensor, of: tokens, best: 20).enumerated() {
            let token = row * (count - 1)
            #expect(found.token.token == Int32(token))
            #expect(found.best.map { Int($0.token) } == Array(order.prefix(20)), "\(level)")
            for entry in found.best + [found.token] {
              let expected = Double(logits[Int(entry.token)]) - normaliser
              #expect(abs(Double(entry.logProbability) - expected) < 2e-6 * max(1, abs(expected)), "\(level)")
            }
          }
        }
      }
    }

    @Test func logProbabilitiesOfNaN() {
      let tensor = backend.tensor([.nan, 1, -.infinity, 1, .nan, .nan, .nan, .nan], columns: 4)
      let found = backend.logProbabilities(tensor, of: Tokens([0, 1]), best: 3)
      #expect(found[0].best.map(\.token) == [1, 3])
      #expect(found[0].token.logProbability == -.infinity)
      #expect(abs(found[0].best[0].logProbability + 0.693_147_2) < 1e-6)
      #expect(found[1].best.isEmpty && found[1].token.logProbability == -.infinity)
      #expect(backend.logProbabilities(tensor, of: Tokens([1, 1]), best: 0)[0].best.isEmpty)
    }
  }
}
