import Compute
import Foundation
import Generation
import Models
import Testing

/// The distribution of sampled answers with speculation. The seeds are fixed, so that the tests are deterministic.
struct SampledDistributionTests {
  /// A model whose logits depend on the latest token only: a Markov chain with known probabilities.
  private final class MarkovModel: LanguageModel {
    static let size = 6
    let backend: any Backend
    let facts: ModelFacts

    /// - Parameter facts: of any model.
    init(_ backend: any Backend, _ facts: ModelFacts) {
      self.backend = backend
      var facts = facts
      facts.vocabularyCount = Self.size
      facts.contextLength = 100_000
      self.facts = facts
    }

    /// The logits after a token: from equal to strongly preferring one.
    static func logits(after token: Int) -> [Float] {
      (0..<size).map { Float(sin(Double(token * 7 + $0 * 3))) * Float(token) * 0.7 }
    }

    func makeCaches() -> [any LayerCache] { [] }

    func forward(_ input: ForwardInput) -> Tensor {
      let tokens = backend.ids(input.tokens)
      let rows = input.outputs.flatMap { Self.logits(after: Int(tokens[$0])) }
      for (sequence, count) in zip(input.sequences, input.counts) { sequence.advance(by: count) }
      return backend.tensor(rows, columns: Self.size)
    }
  }

  private func answer(
    _ settings: SamplingSettings, count: Int
  ) async throws -> (tokens: [Int32], statistics: GenerationStatistics) {
    let generator = Generator()
    let facts = try TinyModels.named("llama").load().model.facts
    _ = try await generator.load("a") {
      let backend = CPUBackend(precision: .exact, threads: 1)
      return LoadedModel(model: MarkovModel(backend, facts), tokenizer: nil, backend: backend, bytes: 0)
    }
    var request = GenerationRequest(prompt: .tokens([0, 1, 2, 3]), sampling: settings, maxTokens: count)
    request.speculation.mode = .fixed(4)
    var tokens: [Int32] = [], statistics = GenerationStatistics()
    for await event in generator.generate("a", request) {
      if case .token(let id, _) = event { tokens.append(id) }
      if case .done(let done) = event { statistics = done }
    }
    return (tokens, statistics)
  }

  /// The chi-square statistic of the transitions after each token has as many degrees of freedom as there are possible
  /// next tokens, less one; its sum over all tokens is at most the 99.9% quantile of their sum.
  @Test(arguments: [1, 2, 3] as [UInt64]) func transitionsHaveTheModelsProbabilities(_ seed: UInt64)
    async throws
  {
    let count = 30_000, size = MarkovModel.size
    let settings = SamplingSettings(temperature: 1, topP: 1, topK: 0, minP: 0, seed: seed)
    let (tokens, statistics) = try await answer(settings, count: count)
    #expect(tokens.count == count)
    #expect(statistics.acceptedTokens > count / 10 && statistics.acceptedTokens < statistics.draftedTokens)
    var observed = Array(repeating: Array(repeating: 0.0, count: size), count: size)
    for (one, next) in zip(tokens, tokens.dropFirst()) { observed[Int(one)][Int(next)] += 1 }
    var chiSquare = 0.0, freedom = 0
    for (token, counts) in observed.enumerated() {
      let weights = MarkovModel.logits(after: token).map { exp(Double($0)) }
      let all = counts.reduce(0, +), sum = weights.reduce(0, +)
      // A statistic needs at least five expected observations of each outcome.
      guard all * (weights.min() ?? 0) / sum >= 5 else { continue }
      for (count, weight) in zip(counts, weights) {
        let expected = all * weight / sum
        chiSquare += (count - expected) * (count - expected) / expected
      }
      freedom += size - 1
    }
    #expect(freedom >= 15)
    // The quantile by Wilson and Hilferty's approximation; 3.09 is the normal distribution's.
    let degrees = Double(freedom), share = 2 / (9 * degrees)
    let quantile = degrees * pow(1 - share + 3.09 * share.squareRoot(), 3)
    #expect(chiSquare < quantile, "\(chiSquare), at most \(quantile)")
  }

  @Test func filtersApplyToProposals() async throws {
    let settings = SamplingSettings(temperature: 1, topP: 1, topK: 2, minP: 0, seed: 5)
    let (tokens, statistics) = try await answer(settings, count: 2000)
    #expect(statistics.acceptedTokens > 0)
    for (one, next) in zip(tokens, tokens.dropFirst()) {
      let logits = MarkovModel.logits(after: Int(one))
      #expect(logits.count { $0 > logits[Int(next)] } < 2)
    }
  }
}
