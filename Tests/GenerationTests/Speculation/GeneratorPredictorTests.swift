import Basics
import Compute
import Generation
import Models
import Testing

/// Answers with proposals by the model's layer for multi-token prediction are those without.
struct GeneratorPredictorTests {
  private static let names = ["deepseek-v3", "glm4-moe", "qwen3-next"]

  private func answer(
    _ tiny: TinyModels, _ prompt: [Int32], count: Int, _ sampling: SamplingSettings = .greedy,
    mode: SpeculationSettings.Mode, usesPredictor: Bool = true, in generator: Generator? = nil
  ) async throws -> (tokens: [Int32], statistics: GenerationStatistics) {
    let own = Generator()
    if generator == nil { _ = try await own.load("a") { try tiny.load() } }
    var request = SchedulerFixture.request(prompt, count: count, sampling: sampling, priority: .turn)
    request.speculation.mode = mode
    request.speculation.usesLookup = false
    request.speculation.usesPredictor = usesPredictor
    return await (generator ?? own).answer("a", request)
  }

  /// Prompts of one chunk and of several, of which only the last ones' hidden states are taken.
  @Test(arguments: names, [1, 2, 5]) func greedyAnswersAreTheModels(_ name: String, _ proposals: Int)
    async throws
  {
    let tiny = TinyModels(name: "../predictors/" + name), reference = try tiny.load()
    var random = SplitMix64(seed: 9)
    for length in [1, 12, 400] {
      let prompt = reference.tokens(length, &random)
      let (tokens, statistics) = try await answer(tiny, prompt, count: 60, mode: .fixed(proposals))
      #expect(tokens == (try reference.coldAnswer(prompt, count: 60)))
      #expect(statistics.draftedTokens > 0)
    }
  }

  /// As many proposals are accepted as there are tokens of the answer that the predictor foresees from all hidden states
  /// before them, computed at once.
  @Test(arguments: names) func acceptedProposalsAreThePredictors(_ name: String) async throws {
    let tiny = TinyModels(name: "../predictors/" + name), reference = try tiny.load()
    let predictor = try #require((reference.model as? Decoder)?.predictor)
    var random = SplitMix64(seed: 10), total = 0
    for _ in 0..<4 {
      let prompt = reference.tokens(8, &random), count = 100
      let (tokens, statistics) = try await answer(tiny, prompt, count: count, mode: .fixed(1))
      #expect(tokens == (try reference.coldAnswer(prompt, count: count)))
      let all = prompt + tokens, states = HiddenStates()
      let sequence = SequenceState(caches: reference.model.makeCaches())
      var input = ForwardInput(tokens: Array(all.dropLast()), sequence: sequence)
      input.hiddenStates = states
      _ = try reference.model.forward(input)
      let own = SequenceState(caches: predictor.makeCaches())
      let output = try predictor.forward(
        ForwardInput(tokens: Array(all.dropFirst()), sequence: own, allLogits: true),
        hidden: try #require(states.rows))
      let foreseen = reference.backend.ids(reference.backend.argmax(output.logits))
      // Recurrent caches can't be truncated: no proposals follow a rejection.
      let repeats = !sequence.caches.allSatisfy { $0 is any KeyValueCache }
      var generated = 1, drafted = 0, accepted = 0, wasRejected = false
      while generated < count {
        let proposes = count - generated > 1 && !wasRejected
        let isMatch = proposes && foreseen[prompt.count + generated - 2] == tokens[generated]
        if proposes { drafted += 1 }
        if isMatch { accepted += 1 }
        wasRejected = repeats && proposes && !isMatch
        generated += isMatch ? 2 : 1
      }
      #expect(statistics.draftedTokens == drafted && statistics.acceptedTokens == accepted)
      total += accepted
    }
    #expect(total > 0)
  }

  @Test(arguments: names) func aSeedGivesTheSameAnswer(_ name: String) async throws {
    let tiny = TinyModels(name: "../predictors/" + name)
    var random = SplitMix64(seed: 11)
    let prompt = try tiny.load().tokens(20, &random)
    for seed in 0..<4 as Range<UInt64> {
      let settings = SamplingSettings(temperature: 0.8, topP: 0.9, topK: 0, minP: 0, seed: seed)
      let ahead = try await answer(tiny, prompt, count: 50, settings, mode: .fixed(3))
      let plain = try await answer(tiny, prompt, count: 50, settings, mode: .off)
      #expect(ahead.tokens == plain.tokens && plain.statistics.draftedTokens == 0)
      #expect(ahead.statistics.draftedTokens > 0)
    }
  }

  /// The second turn resumes from the cache, which has no hidden states: the predictor begins in the middle.
  @Test(arguments: names) func aSecondTurnContinues(_ name: String) async throws {
    let tiny = TinyModels(name: "../predictors/" + name), reference = try tiny.load()
    let generator = Generator()
    _ = try await generator.load("a") { try tiny.load() }
    var random = SplitMix64(seed: 12)
    let prompt = reference.tokens(30, &random)
    let first = try await answer(tiny, prompt, count: 20, mode: .fixed(2), in: generator)
    let next = prompt + first.tokens + [3, 1]
    let second = try await answer(tiny, next, count: 30, mode: .fixed(2), in: generator)
    #expect(second.tokens == (try reference.coldAnswer(next, count: 30)))
    #expect(second.statistics.reusedTokens >= 30 && second.statistics.draftedTokens > 0)
  }

  /// Passes with another answer deliver no hidden states: the predictor begins again after them.
  @Test(arguments: names) func anotherAnswerJoins(_ name: String) async throws {
    let tiny = TinyModels(name: "../predictors/" + name), reference = try tiny.load()
    let generator = Generator()
    _ = try await generator.load("a") { try tiny.load() }
    var random = SplitMix64(seed: 14)
    let prompts = [reference.tokens(20, &random), reference.tokens(30, &random)]
    func request(_ index: Int, count: Int) -> GenerationRequest {
      var request = SchedulerFixture.request(prompts[index], count: count, priority: .turn)
      request.speculation.mode = .fixed(2)
      request.speculation.usesLookup = false
      return request
    }
    var tokens: [Int32] = [], second: AsyncStream<GenerationEvent>?
    for await event in generator.generate("a", request(0, count: 80)) {
      if case .token(let id, _) = event { tokens.append(id) }
      if tokens.count == 5, second == nil { second = generator.generate("a", request(1, count: 10)) }
    }
    let other = await SchedulerFixture.answer(try #require(second))
    #expect(tokens == (try reference.coldAnswer(prompts[0], count: 80)))
    #expect(other.tokens == (try reference.coldAnswer(prompts[1], count: 10)))
  }

  @Test func itCanBeTurnedOff() async throws {
    let tiny = TinyModels(name: "../predictors/glm4-moe"), reference = try tiny.load()
    var random = SplitMix64(seed: 13)
    let prompt = reference.tokens(20, &random)
    let result = try await answer(tiny, prompt, count: 20, mode: .fixed(2), usesPredictor: false)
    #expect(result.statistics.draftedTokens == 0)
    #expect(result.tokens == (try reference.coldAnswer(prompt, count: 20)))
  }
}
