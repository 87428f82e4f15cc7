import Basics
import Compute
import Foundation
import Testing

extension KernelTests {
  @Suite struct LogitsTests {
    @Test(arguments: [1, 2, 15, 16, 17, 63, 64, 65, 1000, 201_088]) func theFirstOfTheLargestIsFound(
      count: Int
    ) {
      var random = SplitMix64(seed: count)
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
        onEveryLevel { level in
          #expect(Logits.argmax(logits) == expected ?? 0, "\(level)")
        }
      }
    }

    @Test func withoutNumbersThereIsNone() {
      #expect(Logits.argmax([]) == nil)
      #expect(Logits.argmax([.nan, .nan]) == 0)
      var none: [Float] = []
      #expect(Logits.softmax(&none) == -.infinity)
    }

    @Test(arguments: [1, 5, 16, 33, 200_000]) func probabilitiesFollowTheFormula(count: Int) {
      var random = SplitMix64(seed: count)
      for temperature: Float in [0.1, 0.7, 1, 2] {
        let logits = random.normals(count, times: 8).map { $0 + 300 }
        let largest = Double(logits.max() ?? 0)
        let weights = logits.map { exp((Double($0) - largest) / Double(temperature)) }
        let total = weights.reduce(0, +)
        onEveryLevel { level in
          var probabilities = logits
          let normaliser = Logits.softmax(&probabilities, temperature: temperature)
          #expect(largestDifference(probabilities, weights.map { $0 / total }) < 3e-6, "\(level)")
          let expected = log(total) + largest / Double(temperature)
          #expect(abs(Double(normaliser) - expected) < 1e-6 * expected, "\(level)")
        }
      }
    }
  }
}
