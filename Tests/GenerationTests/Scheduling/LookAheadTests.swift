import Basics
import Generation
import Models
import Testing

/// Passes that are enqueued before their tokens are read, with the processor in the place of a device: the answers, and what
/// the caches hold after them, are those without.
struct LookAheadTests {
  private static func generator(
    _ tiny: TinyModels, looksAhead: Bool, letters: Bool = false
  ) async throws -> Generator {
    let generator = Generator(limits: GeneratorLimits(cacheBytes: 1 << 30, modelBytes: 1 << 30))
    _ = try await generator.load("a") {
      var loaded = try letters ? tiny.loadWithLetters() : tiny.load()
      loaded.looksAhead = looksAhead
      return loaded
    }
    return generator
  }

  private static func request(
    _ prompt: [Int32], count: Int, seed: UInt64? = nil, penalty: Float = 1,
    priority: GenerationRequest.Priority = .turn
  ) -> GenerationRequest {
    var sampling = SamplingSettings(
      temperature: seed == nil ? 0 : 1, topP: 1, topK: 0, minP: 0, seed: seed ?? 0)
    sampling.repetitionPenalty = penalty
    var request = GenerationRequest(prompt: .tokens(prompt), sampling: sampling, maxTokens: count)
    request.priority = priority
    return request
  }

  /// Greedy and drawn, also with penalties, which depend on the tokens that are read.
  @Test(arguments: TinyModels.kinds)
  func answersAndReuseAreThoseWithout(_ tiny: TinyModels) async throws {
    var random = SplitMix64(seed: 5)
    let prompt = try tiny.load().tokens(30, &random), more = try tiny.load().tokens(4, &random)
    var results: [[SchedulerFixture.Answer]] = []
    for looksAhead in [false, true] {
      let generator = try await Self.generator(tiny, looksAhead: looksAhead)
      var answers: [SchedulerFixture.Answer] = []
      for (seed, penalty) in [(nil, 1), (7, 1), (8, 1.3)] as [(UInt64?, Float)] {
        let first = await SchedulerFixture.answer(
          generator.generate("a", Self.request(prompt, count: 20, seed: seed, penalty: penalty)))
        // The next turn continues behind the answer, but for its last token.
        let next = prompt + first.tokens + more
        let second = await SchedulerFixture.answer(generator.generate("a", Self.request(next, count: 5)))
        answers += [first, second]
      }
      results.append(answers)
    }
    #expect(results[0] == results[1])
  }

  /// Requests that end, and join, at different steps.
  @Test(arguments: ["llama", "mamba2", "gpt_oss", "falcon_h1"])
  func answersTogetherAreThoseAlone(_ architecture: String) async throws {
    let tiny = try TinyModels.named(architecture)
    var random = SplitMix64(seed: 6)
    let prompts = try [1, 40, 7, 300, 3, 64].map { try tiny.load().tokens($0, &random) }
    for priority in [GenerationRequest.Priority.batch, .turn] {
      let requests = prompts.enumerated().map { index, prompt in
        Self.request(prompt, count: 4 + 3 * index, seed: UInt64(index), penalty: 1.1, priority: priority)
      }
      var results: [[SchedulerFixture.Answer]] = []
      for looksAhead in [false, true] {
        let generator = try await Self.generator(tiny, looksAhead: looksAhead)
        let streams = requests.map { generator.generate("a", $0) }
        var answers: [SchedulerFixture.Answer] = []
        for stream in streams { answers.append(await SchedulerFixture.answer(stream)) }
        results.append(answers)
      }
      #expect(results[0].map(\.tokens) == results[1].map(\.tokens))
      #expect(results[0].map(\.reason) == results[1].map(\.reason))
    }
  }

  /// An answer that a stop string ends, or its user; the next one is that of a cold start.
  @Test(arguments: ["llama", "mamba2", "gpt_oss", "falcon_h1"])
  func whatIsLeftAfterAnEarlyEndIsRight(_ architecture: String) async throws {
    let tiny = try TinyModels.named(architecture)
    let generator = try await Self.generator(tiny, looksAhead: true, letters: true)
    let reference = try tiny.load()
    var random = SplitMix64(seed: 9)
    let prompt = reference.tokens(30, &random)
    let whole = try reference.coldAnswer(prompt, count: 20)

    var stopped = Self.request(prompt, count: 20), text = ""
    for await event in generator.generate("a", stopped) {
      if case .token(let id, let piece) = event, id >= 0 { text += piece }
    }
    let middle = text.index(text.startIndex, offsetBy: text.count / 2)
    stopped.stopStrings = [String(text[middle...].prefix(3))]
    let early = await SchedulerFixture.answer(generator.generate("a", stopped))
    #expect(early.reason == .stop && early.tokens.count < whole.count)
    #expect(whole.starts(with: early.tokens))

    let flag = CancellationFlag()
    var cancelled: [Int32] = []
    for await event in generator.generate("a", Self.request(prompt, count: 20), cancellation: flag) {
      if case .token(let id, _) = event, id >= 0 { cancelled.append(id) }
      if cancelled.count == 6 { flag.cancel() }
    }
    for ledger in [early.tokens, cancelled, Array(whole.prefix(9))] {
      let next = prompt + ledger + [3]
      let answer = await SchedulerFixture.answer(generator.generate("a", Self.request(next, count: 8)))
      #expect(try answer.tokens == reference.coldAnswer(next, count: 8))
    }
  }

  /// A failed pass of several ends the one at fault only.
  @Test(arguments: ["llama", "mamba2"])
  func aFailureIsThatOfOneRequest(_ architecture: String) async throws {
    let tiny = try TinyModels.named(architecture)
    let reference = try tiny.load()
    var random = SplitMix64(seed: 12)
    let prompts = [9, 14, 20].map { reference.tokens($0, &random) }
    let answers = try prompts.map { try reference.coldAnswer($0, count: 12) }
    // A token that only one of the answers has.
    let bad = try #require(
      answers[0].dropFirst(3).first { id in
        !answers[1].contains(id) && !answers[2].contains(id) && !prompts.joined().contains(id)
      })
    let generator = Generator(limits: GeneratorLimits(cacheBytes: 1 << 30, modelBytes: 1 << 30))
    _ = try await generator.load("a") {
      let loaded = try tiny.load()
      var observed = LoadedModel(
        model: ObservedModel(loaded, failsOn: bad), tokenizer: nil, backend: loaded.backend,
        bytes: loaded.bytes)
      observed.looksAhead = true
      return observed
    }
    let streams = prompts.map { generator.generate("a", Self.request($0, count: 12, priority: .batch)) }
    var found: [SchedulerFixture.Answer] = []
    for stream in streams { found.append(await SchedulerFixture.answer(stream)) }
    #expect(found[0].failure != nil && answers[0].starts(with: found[0].tokens))
    #expect(found[1].tokens == answers[1] && found[2].tokens == answers[2])
  }
}
