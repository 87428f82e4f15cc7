import Basics
import Generation
import Models
import Testing

/// Answers with a draft model are those without.
struct GeneratorDraftTests {
  private func answer(
    _ tiny: TinyModels, draft: TinyModels, _ prompt: [Int32], count: Int,
    _ sampling: SamplingSettings = .greedy,
    mode: SpeculationSettings.Mode = .fixed(4), madeUp: Double? = nil
  ) async throws -> (tokens: [Int32], statistics: GenerationStatistics) {
    let generator = Generator()
    _ = try await generator.load("a") { try tiny.load() }
    _ = try await generator.load("b") { try draft.load() }
    var request = SchedulerFixture.request(prompt, count: count, sampling: sampling, priority: .turn)
    request.speculation.mode = mode
    request.speculation.usesLookup = false
    request.speculation.draft = "b"
    request.speculation.madeUpAcceptance = madeUp
    return await generator.answer("a", request)
  }

  /// Models and draft models with caches that can be truncated and with those that can't, with windows and with
  /// experts.
  @Test(
    arguments: ["llama", "mamba2", "gemma3_text", "falcon_h1", "gpt_oss", "qwen3_moe"],
    ["llama", "mamba2", "gpt_oss"])
  func anyDraftGivesTheAnswerOfTheModel(_ architecture: String, _ draft: String) async throws {
    let tiny = try TinyModels.named(architecture), other = try TinyModels.named(draft)
    let reference = try tiny.load(), draftFacts = try other.load().model.facts
    var random = SplitMix64(seed: 5)
    let vocabulary = Int32(min(reference.model.facts.vocabularyCount, draftFacts.vocabularyCount))
    let prompt = (0..<50).map { _ in Int32.random(in: 0..<vocabulary, using: &random) }
    let (tokens, statistics) = try await answer(tiny, draft: other, prompt, count: 30)
    #expect(tokens == (try reference.coldAnswer(prompt, count: 30)))
    // Without a token that the draft model doesn't have: it is not used after that.
    #expect(statistics.draftedTokens > 0 || tokens.contains { $0 >= draftFacts.vocabularyCount })
  }

  /// The vocabularies of a family may be padded differently.
  @Test(arguments: [true, false])
  func aTokenThatTheDraftModelLacksEndsItsUse(_ isInPrompt: Bool) async throws {
    let tiny = try TinyModels.named("gpt_oss"), other = try TinyModels.named("llama")
    let count = Int32(try other.load().model.facts.vocabularyCount)
    var random = SplitMix64(seed: 9)
    let prompt = (0..<20).map { _ in Int32.random(in: 0..<count, using: &random) }
    // The bias makes the model sample it once in the answer, or in the prompt already.
    var settings = SamplingSettings.greedy
    settings.logitBias = [count + 3: 1000]
    settings.presencePenalty = 2000
    let foreign = isInPrompt ? prompt + [count + 3] : prompt
    let ahead = try await answer(tiny, draft: other, foreign, count: 20, settings)
    let plain = try await answer(tiny, draft: other, foreign, count: 20, settings, mode: .off)
    #expect(ahead.tokens == plain.tokens && ahead.tokens.count == 20)
    #expect((foreign + ahead.tokens).contains(count + 3))
  }

  /// A model as its own draft model proposes what it samples, also with a temperature.
  @Test(arguments: ["llama", "mamba2", "gpt_oss"], [0, 0.8] as [Float])
  func aModelAgreesWithItself(_ architecture: String, _ temperature: Float) async throws {
    let tiny = try TinyModels.named(architecture)
    var random = SplitMix64(seed: 6)
    let loaded = try tiny.load()
    let prompt = loaded.tokens(min(300, loaded.model.facts.contextLength - 50), &random)
    let settings = SamplingSettings(temperature: temperature, topP: 0.9, topK: 0, minP: 0, seed: 3)
    let ahead = try await answer(tiny, draft: tiny, prompt, count: 40, settings)
    let plain = try await answer(tiny, draft: tiny, prompt, count: 40, settings, mode: .off)
    #expect(ahead.tokens == plain.tokens && plain.statistics.draftedTokens == 0)
    #expect(ahead.statistics.acceptedTokens == ahead.statistics.draftedTokens)
    #expect(ahead.statistics.acceptedTokens >= 24)
  }

  @Test func madeUpAcceptanceIsThatOfItsProbability() async throws {
    let tiny = try TinyModels.named("llama")
    var random = SplitMix64(seed: 6)
    let prompt = try tiny.load().tokens(20, &random)
    let none = try await answer(tiny, draft: tiny, prompt, count: 60, madeUp: 0)
    #expect(none.statistics.acceptedTokens == 0 && none.statistics.draftedTokens > 0)
    let all = try await answer(tiny, draft: tiny, prompt, count: 60, madeUp: 1)
    #expect(all.statistics.acceptedTokens == all.statistics.draftedTokens)
  }

  @Test func aMissingDraftModelIsNoError() async throws {
    let tiny = try TinyModels.named("llama")
    let fixture = try await SchedulerFixture(tiny)
    let reference = try tiny.load()
    var random = SplitMix64(seed: 8)
    let prompt = reference.tokens(20, &random)
    var request = SchedulerFixture.request(prompt, count: 10, priority: .turn)
    request.speculation.draft = "missing"
    let answer = await fixture.answers([request])[0]
    #expect(answer.tokens == (try reference.coldAnswer(prompt, count: 10)) && answer.failure == nil)
  }
}
