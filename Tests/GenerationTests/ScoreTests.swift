import Basics
import Foundation
import Generation
import Models
import Testing

/// The probabilities of a text's tokens equal those of one forward pass over all of it.
struct ScoreTests {
  @Test(arguments: TinyModels.kinds)
  func probabilitiesAreThoseOfAWholePass(_ tiny: TinyModels) async throws {
    let generator = Generator(limits: GeneratorLimits(cacheBytes: 1 << 30, modelBytes: 1 << 30))
    _ = try await generator.load("a") { try tiny.load() }
    let reference = try tiny.load()
    var random = SplitMix64(seed: 5)
    let tokens = reference.tokens(90, &random)
    let scores = try await generator.scores("a", .tokens(tokens), after: .tokens(Array(tokens[..<40])))
    #expect(scores.map(\.id) == Array(tokens[40...]))
    let sequence = SequenceState(caches: reference.model.makeCaches())
    let output = try reference.model.forward(
      ForwardInput(tokens: tokens, sequence: sequence, allLogits: true))
    let logits = reference.backend.values(output).map { Double($0) }
    let width = logits.count / tokens.count
    for (index, score) in scores.enumerated() {
      let row = logits[((39 + index) * width)..<((40 + index) * width)]
      let largest = row.max() ?? 0
      let sum = row.reduce(0) { $0 + exp($1 - largest) }
      let expected = exp(row[row.startIndex + Int(score.id)] - largest) / sum
      #expect(abs(score.probability - expected) < 0.02)
      #expect(score.alternatives.count == 6)
      #expect(score.alternatives.map(\.probability) == score.alternatives.map(\.probability).sorted(by: >))
      #expect(
        (score.alternatives.first?.probability ?? 0) + 0.02 > (row.map { exp($0 - largest) / sum }.max() ?? 1)
      )
    }
  }

  @Test func aModelThatIsNotLoadedThrows() async {
    await #expect(throws: GenerationError.self) {
      try await Generator().scores("none", .tokens([1, 2]), after: .tokens([1]))
    }
  }
}
