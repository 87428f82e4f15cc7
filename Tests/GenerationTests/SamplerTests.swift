import Foundation
import Generation
import Testing

/// Draws against the distribution that the filters leave, computed here from their definitions.
struct SamplerTests {
  @Test func greedyTakesTheLikeliest() {
    var sampler = Sampler(.greedy)
    #expect(sampler.next([0.1, 2, -1, 1.9], after: []) == 1)
    #expect(sampler.next([3, 3, 1], after: []) == 0, "the first of equals")
    #expect(sampler.next([.nan, -5, -7], after: []) == 1, "not a number is impossible")
  }

  @Test func sameSeedSameTokens() {
    let logits = (0..<500).map { Float(sin(Double($0) * 12.9898)) * 3 }
    func draw(_ seed: UInt64) -> [Int32] {
      var sampler = Sampler(SamplingSettings(temperature: 1, topP: 1, topK: 0, minP: 0, seed: seed))
      return (0..<50).map { _ in sampler.next(logits, after: []) }
    }
    #expect(draw(7) == draw(7))
    #expect(draw(7) != draw(8))
  }

  struct Case: Sendable {
    var name: String
    var settings: SamplingSettings
    /// The ids that may be drawn, likeliest first.
    var allowed: [Int]
  }

  // Probabilities at temperature 1: 0.5, 0.25, 0.15, 0.07, 0.03 at ids 3, 0, 4, 1, 2.
  private static let probabilities: [Double] = [0.25, 0.07, 0.03, 0.5, 0.15]

  @Test(arguments: [
    Case(
      name: "all", settings: SamplingSettings(temperature: 1, topP: 1, topK: 0, minP: 0),
      allowed: [3, 0, 4, 1, 2]),
    Case(
      name: "top-k 2", settings: SamplingSettings(temperature: 1, topP: 1, topK: 2, minP: 0), allowed: [3, 0]),
    Case(
      name: "top-p 0.8", settings: SamplingSettings(temperature: 1, topP: 0.8, topK: 0, minP: 0),
      allowed: [3, 0, 4]),
    Case(
      name: "min-p 0.2", settings: SamplingSettings(temperature: 1, topP: 1, topK: 0, minP: 0.2),
      allowed: [3, 0, 4]),
    Case(
      name: "hot", settings: SamplingSettings(temperature: 2, topP: 1, topK: 0, minP: 0),
      allowed: [3, 0, 4, 1, 2]),
    Case(
      name: "top-p 0 keeps one", settings: SamplingSettings(temperature: 1, topP: 0, topK: 0, minP: 0),
      allowed: [3]),
  ])
  func drawsFollowTheFilteredDistribution(_ example: Case) {
    let weights = example.allowed.map {
      pow(Self.probabilities[$0], 1 / Double(example.settings.temperature))
    }
    let sum = weights.reduce(0, +)
    var settings = example.settings
    settings.seed = 42
    var sampler = Sampler(settings)
    let logits = Self.probabilities.map { Float(log($0)) }
    let count = 40_000
    var drawn = [Int](repeating: 0, count: 5)
    for _ in 0..<count { drawn[Int(sampler.next(logits, after: []))] += 1 }
    for id in 0..<5 {
      let expected = example.allowed.firstIndex(of: id).map { weights[$0] / sum } ?? 0
      let deviation = (expected * (1 - expected) / Double(count)).squareRoot()
      #expect(
        abs(Double(drawn[id]) / Double(count) - expected) <= 5 * deviation,
        "\(example.name): id \(id) came \(drawn[id]) times")
    }
  }

  @Test func repetitionPenaltyWeakensRecentTokens() {
    var settings = SamplingSettings.greedy
    settings.repetitionPenalty = 2
    var sampler = Sampler(settings)
    #expect(sampler.next([4, 3, -1], after: [0]) == 1, "4 becomes 2")
    #expect(sampler.next([-1, -1.5, -9], after: [0]) == 1, "-1 becomes -2")
    #expect(sampler.next([4, 3, -1], after: [-3, 9]) == 0, "ids outside of the vocabulary do no harm")
    settings.repetitionWindow = 1
    sampler = Sampler(settings)
    #expect(sampler.next([4, 3, -1], after: [0, 2]) == 0, "0 lies outside of the window")
  }

  @Test func impossibleLogitsStillGiveAToken() {
    var sampler = Sampler(SamplingSettings(seed: 1))
    let none = [Float](repeating: -.infinity, count: 4)
    #expect((0..<4).contains(sampler.next(none, after: [])))
    let broken = [Float](repeating: .nan, count: 4)
    #expect((0..<4).contains(sampler.next(broken, after: [])))
    #expect((0..<4).contains(sampler.next([.infinity, 1, .infinity, 2], after: [])))
  }
}
