import Basics
import Compute
import Generation
import Models
import Testing

/// Answers with speculation are those without.
struct GeneratorSpeculationTests {
  private typealias Fixture = SchedulerFixture

  /// A request whose prompt repeats itself, so that look-ups have matches.
  private func request(
    _ prompt: [Int32], count: Int, _ sampling: SamplingSettings = .greedy, mode: SpeculationSettings.Mode
  ) -> GenerationRequest {
    var request = Fixture.request(prompt, count: count, sampling: sampling, priority: .turn)
    request.speculation.mode = mode
    return request
  }

  /// A prompt of few different tokens with repetitions.
  private func prompt(_ model: LoadedModel, _ seed: UInt64) -> [Int32] {
    var random = SplitMix64(seed: seed)
    let words = (0..<4).map { _ in model.tokens(5, &random) }
    return (0..<12).flatMap { _ in words[Int.random(in: 0..<4, using: &random)] }
  }

  @Test(arguments: TinyModels.kinds) func greedyAnswersAreThoseWithoutSpeculation(_ tiny: TinyModels)
    async throws
  {
    let reference = try tiny.load()
    let prompt = prompt(reference, 1)
    let count = min(60, reference.model.facts.contextLength - prompt.count - 20)
    let expected = try reference.coldAnswer(prompt, count: count)
    for proposals in [1, 4, 9] {
      let fixture = try await Fixture(tiny)
      let answer = await fixture.answers([request(prompt, count: count, mode: .fixed(proposals))])[0]
      #expect(answer.tokens == expected && answer.reason == .length)
      // The caches hold what the answer says: the next turn continues from them.
      let next = prompt + answer.tokens + [3, 1]
      let second = await fixture.answers([request(next, count: 6, mode: .fixed(proposals))])[0]
      #expect(second.tokens == (try reference.coldAnswer(next, count: 6)))
      #expect(second.reused >= prompt.count)
    }
  }

  @Test(arguments: ["llama", "gemma3_text", "gpt_oss", "mamba2", "qwen3_next", "jamba"])
  func aSeedGivesTheSameAnswer(_ architecture: String) async throws {
    let tiny = try TinyModels.named(architecture)
    let reference = try tiny.load()
    var drafted = 0, accepted = 0
    for index in 0..<6 {
      var settings = SamplingSettings(
        temperature: 0.6, topP: index == 1 ? 0.8 : 1, topK: index == 2 ? 20 : 0, minP: index == 3 ? 0.05 : 0,
        seed: UInt64(index))
      if index == 4 { settings.repetitionPenalty = 1.2 }
      if index == 5 {
        settings.logitBias = [2: 9, 5: 8, 7: 8.5]
        settings.frequencyPenalty = 0.1
      }
      let prompt = prompt(reference, UInt64(index))
      let plain = try await statistics(tiny, request(prompt, count: 50, settings, mode: .off))
      let ahead = try await statistics(tiny, request(prompt, count: 50, settings, mode: .fixed(4)))
      #expect(plain.tokens == ahead.tokens)
      #expect(plain.statistics.draftedTokens == 0)
      drafted += ahead.statistics.draftedTokens
      accepted += ahead.statistics.acceptedTokens
    }
    #expect(accepted > 0 && drafted > accepted, "\(accepted) of \(drafted)")
  }

  private func statistics(
    _ tiny: TinyModels, _ request: GenerationRequest
  ) async throws -> (tokens: [Int32], statistics: GenerationStatistics) {
    let fixture = try await Fixture(tiny)
    return await fixture.generator.answer("a", request)
  }

  /// Answers of a pass have as many proposals as each of them finds, and are those that they are alone.
  @Test(arguments: TinyModels.kinds, [SpeculationSettings.Mode.fixed(1), .fixed(5), .automatic])
  func severalAnswersSpeculateTogether(_ tiny: TinyModels, _ mode: SpeculationSettings.Mode) async throws {
    let fixture = try await Fixture(tiny)
    let reference = try tiny.load()
    let prompts = (0..<4).map { prompt(reference, UInt64($0)) }
    let count = min(40, reference.model.facts.contextLength - prompts[0].count - 10)
    let answers = await fixture.answers(prompts.map { request($0, count: count, mode: mode) })
    for (prompt, answer) in zip(prompts, answers) {
      #expect(answer.tokens == (try reference.coldAnswer(prompt, count: count)))
    }
    // Some random models never repeat what they have generated.
    guard case .fixed(let proposals) = mode, tiny.name.hasPrefix("llama") else { return }
    #expect(fixture.model.passes.contains { $0.count > 1 && $0.contains(1 + proposals) })
  }

  @Test func manyAnswersDoNotSpeculate() async throws {
    let tiny = try TinyModels.named("llama")
    let fixture = try await Fixture(tiny)
    let reference = try tiny.load()
    let prompts = (0..<10).map { prompt(reference, UInt64($0)) }
    let answers = await fixture.answers(prompts.map { request($0, count: 20, mode: .fixed(5)) })
    for (prompt, answer) in zip(prompts, answers) {
      #expect(answer.tokens == (try reference.coldAnswer(prompt, count: 20)))
    }
    #expect(!fixture.model.passes.contains { $0.count > 8 && $0.contains { (2...6).contains($0) } })
  }

  /// An answer that speculates is joined by another one.
  @Test(arguments: ["llama", "mamba2"]) func anotherAnswerJoins(_ architecture: String) async throws {
    let tiny = try TinyModels.named(architecture)
    let fixture = try await Fixture(tiny)
    let reference = try tiny.load()
    let prompts = [prompt(reference, 1), prompt(reference, 2)]
    let first = fixture.generator.generate("a", request(prompts[0], count: 60, mode: .fixed(3)))
    var tokens: [Int32] = []
    var second: AsyncStream<GenerationEvent>?
    for await event in first {
      if case .token(let id, _) = event { tokens.append(id) }
      if tokens.count == 5, second == nil {
        second = fixture.generator.generate("a", request(prompts[1], count: 30, mode: .fixed(3)))
      }
    }
    let other = await Fixture.answer(try #require(second))
    #expect(tokens == (try reference.coldAnswer(prompts[0], count: 60)))
    #expect(other.tokens == (try reference.coldAnswer(prompts[1], count: 30)))
  }

  @Test(arguments: [1, 2, 17, 33]) func limitsHold(_ count: Int) async throws {
    let tiny = try TinyModels.named("llama")
    let reference = try tiny.load()
    let prompt = prompt(reference, 3)
    let answer = try await statistics(tiny, request(prompt, count: count, mode: .fixed(32)))
    #expect(answer.tokens == (try reference.coldAnswer(prompt, count: count)))
    #expect(answer.statistics.generatedTokens == count && answer.statistics.finishReason == .length)
  }

  /// The rows of a verification have the logits of single steps, also where activations are rounded and a prefill uses
  /// other products: bit for bit with attention alone. Recurrences may add up in another order, in float32, which the
  /// rounding of activations in later layers amplifies.
  @Test(arguments: TinyModels.kinds) func verifiedRowsAreSteps(_ tiny: TinyModels) throws {
    let loaded = try tiny.load(.fast)
    var random = SplitMix64(seed: 7)
    let start = SequenceState(caches: loaded.model.makeCaches())
    _ = try loaded.model.forward(ForwardInput(tokens: loaded.tokens(70, &random), sequence: start))
    for count in [2, 5, 17] {
      let tokens = loaded.tokens(count, &random), together = start.fork(), alone = start.fork()
      var input = ForwardInput(tokens: tokens, sequence: together, allLogits: true)
      input.rowsAreSteps = true
      let rows = loaded.backend.values(try loaded.model.forward(input))
      let steps = try tokens.flatMap {
        loaded.backend.values(try loaded.model.forward(ForwardInput(tokens: [$0], sequence: alone)))
      }
      let isAttention = start.caches.allSatisfy { $0 is any KeyValueCache }
      #expect(isAttention ? rows == steps : distance(rows, steps) < 1e-3, "\(distance(rows, steps))")
    }
  }
}
