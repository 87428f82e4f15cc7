import Basics
import Generation
import Testing

/// A draft that has rested is prefilled to its end: its first token needs no pass, and equals that of a cold start.
struct RestedDraftTests {
  private struct Answer: Equatable {
    var tokens: [Int32] = []
    var reused = 0
  }

  private static func generator(_ tiny: TinyModels) async throws -> Generator {
    let generator = Generator(limits: GeneratorLimits(cacheBytes: 1 << 30, modelBytes: 1 << 30))
    _ = try await generator.load("a") { try tiny.load() }
    return generator
  }

  private static func ask(
    _ generator: Generator, _ prompt: [Int32], _ sampling: SamplingSettings = .greedy, isCold: Bool = false
  ) async -> Answer {
    var request = GenerationRequest(prompt: .tokens(prompt), sampling: sampling, maxTokens: 12)
    request.isCold = isCold
    var answer = Answer()
    for await event in generator.generate("a", request) {
      switch event {
      case .prefill, .logProbabilities: break
      case .token(let id, _): if id >= 0 { answer.tokens.append(id) }
      case .done(let statistics): answer.reused = statistics.reusedTokens
      case .failed(let message): Issue.record("\(message)")
      }
    }
    return answer
  }

  private static func read(
    _ generator: Generator, _ prompt: [Int32], _ purpose: ReadAheadRequest.Purpose
  ) async -> Int {
    await generator.readAhead("a", ReadAheadRequest(prompt: .tokens(prompt), purpose: purpose, session: "s"))
  }

  private static func tokens(_ tiny: TinyModels, _ count: Int, seed: UInt64) throws -> [Int32] {
    var random = SplitMix64(seed: seed)
    return try tiny.load().tokens(count, &random)
  }

  /// The seed's text does not depend on when the prompt was prefilled.
  @Test(arguments: TinyModels.kinds)
  func theWholePromptIsReusedAndTheSeedDecides(_ tiny: TinyModels) async throws {
    let generator = try await Self.generator(tiny)
    let draft = try Self.tokens(tiny, 52, seed: 3)
    let whole = try draft + Self.tokens(tiny, 9, seed: 4)
    #expect(await Self.read(generator, draft, .draft) == 52)
    #expect(await Self.read(generator, whole, .turn) == 9)
    #expect(await Self.read(generator, whole, .turn) == 0, "it is held already")
    for seed in 1...3 as ClosedRange<UInt64> {
      let sampling = SamplingSettings(temperature: 1, topP: 1, topK: 0, minP: 0, seed: seed)
      let cold = await Self.ask(generator, whole, sampling, isCold: true)
      // The answer drops the draft's states, so that it is prefilled again for each seed.
      _ = await Self.read(generator, draft, .draft)
      _ = await Self.read(generator, whole, .turn)
      let rested = await Self.ask(generator, whole, sampling)
      #expect(rested.reused == whole.count)
      #expect(rested.tokens == cold.tokens)
    }
  }

  @Test(arguments: TinyModels.kinds)
  func anEditReusesTheStablePart(_ tiny: TinyModels) async throws {
    let generator = try await Self.generator(tiny)
    let draft = try Self.tokens(tiny, 52, seed: 3)
    _ = await Self.read(generator, draft, .draft)
    _ = try await Self.read(generator, draft + Self.tokens(tiny, 9, seed: 4), .turn)
    let other = try Self.tokens(tiny, 9, seed: 5)
    let edited = await Self.ask(generator, draft + other)
    #expect(edited.reused >= 52)
    #expect(await edited.tokens == Self.ask(generator, draft + other, isCold: true).tokens)
  }

  @Test func aRestedPromptIsDroppedWithItsDraft() async throws {
    let tiny = try #require(TinyModels.kinds.first { $0.architecture == "llama" })
    let generator = try await Self.generator(tiny)
    let draft = try Self.tokens(tiny, 40, seed: 3)
    for seed in 4...8 as ClosedRange<UInt64> {
      _ = await Self.read(generator, draft, .draft)
      _ = try await Self.read(generator, draft + Self.tokens(tiny, 9, seed: seed), .turn)
    }
    #expect(generator.cacheHoldings().models.map(\.sequences).allSatisfy { $0 <= 2 })
    _ = await Self.read(generator, Array(draft.reversed()), .draft)
    #expect(generator.cacheHoldings().models.map(\.sequences) == [1])
  }
}
