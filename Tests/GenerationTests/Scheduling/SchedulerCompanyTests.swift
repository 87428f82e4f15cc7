import Basics
import Compute
import Generation
import Models
import Testing

/// The result of a request does not depend on the requests that run with it.
struct SchedulerCompanyTests {
  private typealias Fixture = SchedulerFixture

  @Test(arguments: TinyModels.kinds) func greedyAnswersAreThoseOfTheModelAlone(_ tiny: TinyModels)
    async throws
  {
    try await check(tiny, .batch)
  }

  @Test(arguments: ["llama", "mamba2", "gpt_oss"])
  func turnsRunTogether(_ architecture: String) async throws {
    try await check(TinyModels.named(architecture), .turn)
  }

  private func check(_ tiny: TinyModels, _ priority: GenerationRequest.Priority) async throws {
    let fixture = try await Fixture(tiny)
    let reference = try tiny.load()
    var random = SplitMix64(seed: 3)
    let prompts = [1, 40, 7, 90, 3, 64].map { reference.tokens($0, &random) }
    let counts = [12, 4, 9, 1, 15, 6]
    let answers = await fixture.answers(
      zip(prompts, counts).map { Fixture.request($0, count: $1, priority: priority) })
    for (index, answer) in answers.enumerated() {
      #expect(try answer.tokens == reference.coldAnswer(prompts[index], count: counts[index]))
      #expect(answer.reason == .length && answer.failure == nil)
    }
    #expect(fixture.model.passes.contains { $0.count > 3 && $0.allSatisfy { $0 == 1 } }, "they shared passes")
    #expect(priority == .turn || fixture.generator.cacheHoldings().models.isEmpty, "a batch is not kept")
  }

  @Test func aSeedGivesTheSameTokensInAnyCompany() async throws {
    let tiny = try TinyModels.named("llama")
    let reference = try tiny.load()
    var random = SplitMix64(seed: 4)
    let requests = (0..<6).map { index in
      var settings = SamplingSettings(temperature: 1.2, topP: 1, topK: 0, minP: 0, seed: UInt64(index))
      if index % 2 == 1 { settings.repetitionPenalty = 1.3 }
      if index % 3 == 1 { settings.logitBias = [2: 3, 5: -4] }
      return Fixture.request(reference.tokens(5 + 9 * index, &random), count: 20 - index, sampling: settings)
    }
    var alone: [Fixture.Answer] = []
    for request in requests { alone += try await Fixture.answers(tiny, [request]) }
    let together = try await Fixture.answers(tiny, requests)
    #expect(together == alone)
    let reversed: [GenerationRequest] = requests.reversed()
    let pairs = try await Fixture.answers(tiny, reversed, limits: GeneratorLimits(batch: 2))
    #expect(Array(pairs.reversed()) == alone)
    #expect(Set(alone.map(\.tokens)).count == alone.count)
  }

  @Test(arguments: ["llama", "mamba2", "gpt_oss", "qwen3_next"])
  func aSharedPrefixIsPrefilledOnce(_ architecture: String) async throws {
    let tiny = try TinyModels.named(architecture)
    let fixture = try await Fixture(tiny)
    let reference = try tiny.load()
    var random = SplitMix64(seed: 5)
    let prefix = reference.tokens(80, &random)
    let prompts = (0..<5).map { prefix + [Int32($0)] + reference.tokens(6, &random) }
    let answers = await fixture.answers(prompts.map { Fixture.request($0, count: 5) })
    for (prompt, answer) in zip(prompts, answers) {
      #expect(try answer.tokens == reference.coldAnswer(prompt, count: 5))
    }
    #expect(answers.map(\.reused) == [0, 80, 80, 80, 80])
    let processed = fixture.model.passes.reduce(0) { $0 + $1.reduce(0, +) }
    #expect(processed == 80 + 5 * 7 + 5 * 4, "the prefix once, each prompt's rest, and the answers")
  }

  /// A request that arrives when the first has not yet processed the common prefix, or when it generates.
  @Test(arguments: ["llama", "mamba2", "qwen3_next"], [false, true])
  func aLaterRequestSharesThePrefix(_ architecture: String, isGenerating: Bool) async throws {
    let tiny = try TinyModels.named(architecture)
    let reference = try tiny.load()
    guard reference.model.facts.contextLength > 400 else { return }
    let generator = Generator()
    let model = try await SteppedModel.load(tiny, in: generator)
    var random = SplitMix64(seed: 8)
    let common = reference.tokens(270, &random)
    let prompts = (0..<3).map { common + [Int32($0)] + reference.tokens(100, &random) }
    let first = generator.generate("a", Fixture.request(prompts[0], count: 30))
    // Before the first chunk, of 256 tokens, or after all of them and two tokens.
    for _ in 0..<(isGenerating ? 4 : 0) {
      await model.nextStep()
      model.permit()
    }
    await model.nextStep()
    let others = prompts[1...].map { generator.generate("a", Fixture.request($0, count: 5)) }
    model.permit(10_000)
    let isRecurrent = reference.model.makeCaches().contains { $0 is any RecurrentCache }
    for (prompt, events) in zip(prompts[1...], others) {
      let answer = await Fixture.answer(events)
      #expect(try answer.tokens == reference.coldAnswer(prompt, count: 5))
      // States that can't be truncated are kept at the ends of chunks.
      #expect(answer.reused == (isRecurrent && isGenerating ? 256 : 270))
    }
    #expect(try await Fixture.answer(first).tokens == reference.coldAnswer(prompts[0], count: 30))
  }

  @Test func aLongPromptPausesAnswersForOneChunk() async throws {
    let tiny = try TinyModels.named("llama")
    let fixture = try await Fixture(tiny)
    let reference = try tiny.load()
    var random = SplitMix64(seed: 6)
    let long = reference.tokens(700, &random)
    guard reference.model.facts.contextLength > 720 else { return }
    let answers = await fixture.answers([
      Fixture.request([1, 2, 3], count: 40), Fixture.request(long, count: 4),
      Fixture.request([4, 5], count: 40),
    ])
    #expect(try answers[1].tokens == reference.coldAnswer(long, count: 4))
    let passes = fixture.model.passes
    for (earlier, later) in zip(passes.dropFirst(), passes.dropFirst(2)) {
      #expect(earlier.allSatisfy { $0 == 1 } || later.allSatisfy { $0 == 1 }, "two prefill passes in a row")
      #expect(earlier.max() ?? 0 <= 256)
    }
  }
}
