import Compute
import Foundation
import Generation
import Testing

/// A request's part of sampling: its seed, and the adjustments for recent tokens. The sampling itself is tested with
/// the backend.
struct SamplerTests {
  private let backend = CPUBackend(precision: .exact, threads: 1)

  private func next(_ sampler: inout Sampler, _ logits: [Float], after history: [Int32] = []) -> Int32 {
    backend.ids(sampler.next(backend.tensor(logits, columns: logits.count), after: history, on: backend))[0]
  }

  @Test func greedyTakesTheLikeliest() {
    var sampler = Sampler(.greedy)
    #expect(next(&sampler, [0.1, 2, -1, 1.9]) == 1)
    #expect(next(&sampler, [3, 3, 1]) == 0, "the first of equals")
    #expect(next(&sampler, [.nan, -5, -7]) == 1, "not a number is impossible")
  }

  @Test func sameSeedSameTokens() {
    let logits = (0..<500).map { Float(sin(Double($0) * 12.9898)) * 3 }
    func draw(_ seed: UInt64) -> [Int32] {
      var sampler = Sampler(SamplingSettings(temperature: 1, topP: 1, topK: 0, minP: 0, seed: seed))
      return (0..<50).map { _ in next(&sampler, logits) }
    }
    #expect(draw(7) == draw(7))
    #expect(draw(7) != draw(8))
  }

  @Test func settingsReachTheBackend() {
    let settings = SamplingSettings(temperature: 0.6, topP: 0.8, topK: 20, minP: 0.1, seed: 3)
    var sampler = Sampler(settings)
    let first = sampler.parameters(after: [1, 2]), second = sampler.parameters(after: [1, 2, 3])
    #expect(first.temperature == 0.6 && first.topP == 0.8 && first.topK == 20 && first.minP == 0.1)
    #expect(first.adjustments.isEmpty)
    #expect((0..<1).contains(first.uniform) && first.uniform != second.uniform)
  }

  @Test func repetitionPenaltyWeakensRecentTokens() {
    var settings = SamplingSettings.greedy
    settings.repetitionPenalty = 2
    var sampler = Sampler(settings)
    #expect(next(&sampler, [4, 3, -1], after: [0]) == 1, "4 becomes 2")
    #expect(next(&sampler, [-1, -1.5, -9], after: [0]) == 1, "-1 becomes -2")
    #expect(next(&sampler, [4, 3, -1], after: [-3, 9]) == 0, "ids outside of the vocabulary do no harm")
    settings.repetitionWindow = 1
    sampler = Sampler(settings)
    #expect(next(&sampler, [4, 3, -1], after: [0, 2]) == 0, "0 lies outside of the window")
  }

  /// Counts and biases by definition: penalty = presence + count * frequency.
  @Test func penaltiesCountTheTokensOfTheWindow() {
    var settings = SamplingSettings.greedy
    settings.presencePenalty = 0.5
    settings.frequencyPenalty = 0.25
    settings.repetitionWindow = 4
    settings.logitBias = [7: 2, 8: -1]
    var sampler = Sampler(settings)
    let found = sampler.parameters(after: [9, 9, 5, 7, 5, 6]).adjustments.sorted { $0.token < $1.token }
    #expect(
      found == [
        LogitAdjustment(token: 5, penalty: 1), LogitAdjustment(token: 6, penalty: 0.75),
        LogitAdjustment(token: 7, bias: 2, penalty: 0.75), LogitAdjustment(token: 8, bias: -1),
      ])
    #expect(next(&sampler, [0.6, 0, 0], after: [0]) == 1, "0.6 becomes -0.15")
    settings = .greedy
    settings.logitBias = [1: 0.5]
    sampler = Sampler(settings)
    #expect(next(&sampler, [1, 0.6, 0], after: [1]) == 1)
  }
}
