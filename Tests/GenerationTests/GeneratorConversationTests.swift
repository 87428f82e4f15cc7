import Basics
import Generation
import Testing

/// Conversations through the generator: its tokens equal those of a model without a cache, whatever happened before.
struct GeneratorConversationTests {
  private struct Talk {
    let generator = Generator(limits: GeneratorLimits(cacheBytes: 1 << 30, modelBytes: 1 << 30))
    let tiny: TinyModels
    let reference: LoadedModel
    var random = SplitMix64(seed: 11)

    init(_ tiny: TinyModels) async throws {
      self.tiny = tiny
      reference = try tiny.load()
      _ = try await generator.load("a") { try tiny.load() }
      _ = try await generator.load("b") { try tiny.load() }
    }

    func tokens(_ count: Int) -> [Int32] {
      var random = random
      return reference.tokens(count, &random)
    }

    /// Generates and compares the answer with a cold start.
    func ask(_ prompt: [Int32], _ key: String = "a", count: Int = 64) async throws -> (
      ledger: [Int32], statistics: GenerationStatistics
    ) {
      let request = GenerationRequest(
        prompt: .tokens(prompt), sampling: SamplingSettings(temperature: 0), maxTokens: count)
      var answer: [Int32] = []
      var statistics: GenerationStatistics?
      for await event in generator.generate(key, request) {
        switch event {
        case .prefill, .logProbabilities: break
        case .token(let id, _): if id >= 0 { answer.append(id) }
        case .done(let done): statistics = done
        case .failed(let message): Issue.record("\(message)")
        }
      }
      #expect(try answer == reference.coldAnswer(prompt, count: count))
      return (prompt + answer, try #require(statistics))
    }
  }

  @Test(arguments: TinyModels.kinds)
  func greedyTokensEqualThoseOfAColdStart(_ tiny: TinyModels) async throws {
    var talk = try await Talk(tiny)
    func words(_ count: Int) -> [Int32] {
      defer { _ = talk.random.next() }
      return talk.tokens(count)
    }
    let first = try await talk.ask(words(20))
    #expect(first.statistics.reuse == ReuseReport(miss: .nothingHeld))
    let prompt = first.ledger + words(9)
    let second = try await talk.ask(prompt)
    #expect(
      second.statistics.promptTokens - second.statistics.reusedTokens <= 10, "the message and one token")
    // The same prompt again.
    let again = try await talk.ask(prompt)
    #expect(again.statistics.promptTokens - again.statistics.reusedTokens <= 1)
    // Another last message.
    let edited = try await talk.ask(first.ledger + words(11))
    #expect(edited.statistics.promptTokens - edited.statistics.reusedTokens <= 12)
    // Back to the previous branch.
    let branch = try await talk.ask(second.ledger + words(3), count: 8)
    #expect(branch.statistics.promptTokens - branch.statistics.reusedTokens <= 4)
    // Another model, and back.
    _ = try await talk.ask(branch.ledger + words(4), "b", count: 8)
    let back = try await talk.ask(branch.ledger + words(5), count: 8)
    #expect(back.statistics.promptTokens - back.statistics.reusedTokens <= 6)
  }

  @Test func theLatestPrefillRuns() async throws {
    let talk = try await Talk(try #require(TinyModels.kinds.first { $0.architecture == "llama" }))
    let (early, late) = (talk.tokens(40), Array(talk.tokens(80).reversed()))
    // The head's turn has ended when it runs: a draft was started meanwhile.
    let first = talk.generator.beginReadingAhead()
    let second = talk.generator.beginReadingAhead()
    #expect(await talk.generator.prepareHead("a", .tokens(early), in: first) == 0)
    let request = ReadAheadRequest(prompt: .tokens(late), purpose: .draft)
    #expect(await talk.generator.readAhead("a", request, in: second) == 80)
    // An answer ends all turns, also those that have not run yet.
    let third = talk.generator.beginReadingAhead()
    _ = try await talk.ask(early, count: 4)
    #expect(await talk.generator.readAhead("a", request, in: third) == 0)
  }

  @Test(arguments: TinyModels.kinds)
  func whatWasReadAheadIsReused(_ tiny: TinyModels) async throws {
    let talk = try await Talk(tiny)
    let history = talk.tokens(40)
    let read = await talk.generator.readAhead(
      "a", ReadAheadRequest(prompt: .tokens(history), purpose: .history))
    #expect(read == 40)
    let draft = history + talk.tokens(12)
    #expect(
      await talk.generator.readAhead("a", ReadAheadRequest(prompt: .tokens(draft), purpose: .draft)) == 12)
    let sent = try await talk.ask(draft + talk.tokens(3), count: 8)
    #expect(sent.statistics.reuse.kind == .typedAhead)
    #expect(sent.statistics.reusedTokens == 52)
    // An invalid speculative prompt is not an error.
    #expect(
      await talk.generator.readAhead("a", ReadAheadRequest(prompt: .tokens([-1]), purpose: .draft)) == 0)
  }

  @Test func theLeastRecentlyUsedModelIsUnloaded() async throws {
    let tiny = try #require(TinyModels.kinds.first)
    let bytes = try tiny.load().bytes
    let generator = Generator(limits: GeneratorLimits(cacheBytes: 1 << 30, modelBytes: 2 * bytes))
    for key in ["a", "b"] { _ = try await generator.load(key) { try tiny.load() } }
    _ = generator.use("a")
    _ = try await generator.load("c") { try tiny.load() }
    #expect(generator.residentKeys == ["a", "c"])
    await #expect(throws: GenerationError.self) {
      try await generator.load("d") { throw GenerationError.emptyPrompt }
    }
    #expect(generator.residentKeys == ["a", "c"], "a model that does not load changes nothing")
  }
}
