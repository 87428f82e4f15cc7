import Basics
import Foundation
import Generation
import Synchronization
import Testing

/// Queries and changes while the generator computes: they return at once and don't affect the result.
struct GeneratorSharingTests {
  private let tiny: TinyModels
  private let reference: LoadedModel

  init() throws {
    tiny = try #require(TinyModels.kinds.first { $0.architecture == "llama" })
    reference = try tiny.load()
  }

  private func tokens(_ count: Int, _ seed: UInt64 = 1) -> [Int32] {
    var random = SplitMix64(seed: seed)
    return reference.tokens(count, &random)
  }

  private func request(_ prompt: [Int32], count: Int, session: String? = nil) -> GenerationRequest {
    GenerationRequest(
      prompt: .tokens(prompt), sampling: SamplingSettings(temperature: 0), maxTokens: count, session: session)
  }

  /// A generator with a model that computes one step at a time when permitted.
  private struct Stepped {
    let generator: Generator
    let model: SteppedModel

    init(_ tiny: TinyModels, limits: GeneratorLimits = GeneratorLimits(), store: CacheStore? = nil)
      async throws
    {
      generator = Generator(limits: limits, store: store)
      model = try await SteppedModel.load(tiny, in: generator)
    }
  }

  private static func answer(_ events: AsyncStream<GenerationEvent>) async -> (
    tokens: [Int32], statistics: GenerationStatistics?
  ) {
    var answer: [Int32] = []
    for await event in events {
      switch event {
      case .token(let id, _) where id >= 0: answer.append(id)
      case .done(let statistics): return (answer, statistics)
      case .failed(let message): Issue.record("\(message)")
      default: break
      }
    }
    return (answer, nil)
  }

  /// Queries don't wait for the current step, which takes seconds in a large model.
  @Test(.timeLimit(.minutes(20))) func whatIsAskedMeanwhileIsAnsweredAtOnce() async throws {
    let stepped = try await Stepped(tiny)
    let (generator, tiny) = (stepped.generator, tiny)
    let history = tokens(200)
    stepped.model.permit(2)
    await generator.readAhead(
      "a", ReadAheadRequest(prompt: .tokens(history), purpose: .history, session: "s"))
    let held = generator.cacheHoldings()
    #expect(held.models.map(\.tokens) == [200] && held.models.map(\.sessions) == [["s"]])
    let prompt = history + tokens(20, 2)
    let events = generator.generate("a", request(prompt, count: 200))
    for _ in 0..<3 { await stepped.model.nextStep() }
    #expect(generator.cacheHoldings().held == held.held)
    #expect(generator.heldParts([]).isEmpty)
    _ = try await generator.load("b") { try tiny.load() }
    #expect(generator.use("a") && generator.residentKeys == ["a", "b"])
    // The answer uses everything that is held; nothing is freed.
    #expect(generator.clearCaches() == 0 && generator.cacheHoldings().held == 0)
    stepped.model.permit(10_000)
    let said = await Self.answer(events)
    #expect(said.statistics?.generatedTokens == 200, "it was not over before")
    #expect(said.statistics?.reusedTokens == 200)
    #expect(try said.tokens == reference.coldAnswer(prompt, count: 200))
    #expect(generator.cacheHoldings().models.map(\.tokens) == [419])
    #expect(generator.clearCaches() > held.held, "no sequence uses it any more")
  }

  @Test func aComputingModelIsKeptUntilItEnds() async throws {
    let bytes = reference.bytes
    let stepped = try await Stepped(tiny, limits: GeneratorLimits(modelBytes: bytes))
    let (generator, tiny) = (stepped.generator, tiny)
    let events = generator.generate("a", request(tokens(20), count: 100))
    await stepped.model.nextStep()
    _ = try await generator.load("b") { try tiny.load() }
    #expect(generator.residentKeys == ["a", "b"])
    stepped.model.permit(10_000)
    #expect(await Self.answer(events).statistics?.generatedTokens == 100)
    #expect(generator.residentKeys == ["b"])
  }

  @Test func requestsRunOneAtATimeAndCancelledOnesNotAtAll() async throws {
    let stepped = try await Stepped(tiny)
    let (generator, tiny) = (stepped.generator, tiny)
    _ = try await generator.load("b") { try tiny.load() }
    let first = generator.generate("a", request(tokens(20), count: 200))
    await stepped.model.nextStep()
    let flag = CancellationFlag()
    let stopped = generator.generate("b", request(tokens(9), count: 5), cancellation: flag)
    let third = generator.generate("b", request(tokens(30, 2), count: 5))
    flag.cancel()
    stepped.model.permit(10_000)
    #expect(await Self.answer(first).tokens.count == 200)
    let waited = await Self.answer(stopped)
    #expect(waited.statistics?.finishReason == .cancelled && waited.tokens.isEmpty)
    #expect(try await Self.answer(third).tokens == reference.coldAnswer(tokens(30, 2), count: 5))
  }

  @Test func concurrentSavesAreAtomic() async throws {
    let folder = NSTemporaryDirectory() + "/sotto-sharing-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let store = CacheStore(folder: folder, limit: 1 << 30)
    let stepped = try await Stepped(tiny, store: store)
    let generator = stepped.generator
    let prompt = tokens(20)
    let events = generator.generate("a", request(prompt, count: 30, session: "s"))
    await stepped.model.nextStep()
    async let saved: Void = generator.save(session: "s")
    stepped.model.permit(10_000)
    let said = await Self.answer(events)
    await saved
    #expect(try store.load(.session("s"), model: "a")?.ledger == (prompt + said.tokens).dropLast())
  }

  @Test func removedSequencesAreNotRestored() async throws {
    let stepped = try await Stepped(tiny)
    let generator = stepped.generator
    let history = ReadAheadRequest(prompt: .tokens(tokens(300)), purpose: .history, session: "s")
    async let read = generator.readAhead("a", history)
    await stepped.model.nextStep()
    stepped.model.permit()
    await stepped.model.nextStep()
    generator.stopReadingAhead()
    async let forgotten: Void = generator.forget(session: "s")
    stepped.model.permit(10_000)
    #expect(await read == 128)
    await forgotten
    #expect(generator.cacheHoldings().models.isEmpty)
  }

  /// Concurrent prefills, answers and clears: every answer equals that of a cold start.
  @Test(arguments: TinyModels.kinds)
  func answersBesideOthersAreThoseOfAColdStart(_ tiny: TinyModels) async throws {
    let generator = Generator(limits: GeneratorLimits(cacheBytes: 1 << 30, modelBytes: 1 << 30))
    let reference = try tiny.load()
    var random = SplitMix64(seed: 5)
    for key in ["a", "b"] { _ = try await generator.load(key) { try tiny.load() } }
    let base = reference.tokens(40, &random)
    var asked: [(prompt: [Int32], answer: Task<[Int32], Never>)] = []
    for index in 0..<24 {
      let prompt = base + reference.tokens(1 + index * 3, &random)
      let key = index % 3 == 0 ? "b" : "a"
      let events = generator.generate(key, request(prompt, count: 12))
      asked.append((prompt, Task { await Self.answer(events).tokens }))
      switch index % 4 {
      case 0:
        let draft = ReadAheadRequest(prompt: .tokens(prompt), purpose: .draft)
        Task { await generator.readAhead(key, draft) }
      case 1: Task { generator.clearCaches() }
      case 2: Task { await generator.forget(session: "none") }
      default: break
      }
    }
    for (prompt, answer) in asked {
      #expect(try await answer.value == reference.coldAnswer(prompt, count: 12))
    }
  }

  @Test func theAnswerFollowsTheReasoningSoFar() async throws {
    let generator = Generator()
    let tiny = tiny
    _ = try await generator.load("a") { try tiny.load() }
    let prompt = tokens(20)
    var request = request(prompt, count: 20)
    request.thoughtLimit = ThoughtLimit(
      start: .tokens([-1]), end: .tokens([-2]), startsInside: true, closing: [3, 1, 4])
    let flag = AnswerNowFlag()
    flag.request()
    let said = await Self.answer(generator.generate("a", request, answerNow: flag))
    let thought = try reference.coldAnswer(prompt, count: 1)
    let rest = try reference.coldAnswer(prompt + thought + [3, 1, 4], count: 16)
    #expect(said.tokens == thought + [3, 1, 4] + rest)
    // The same prompt again: all but the last token is held.
    let ledger = prompt + said.tokens
    let more = await Self.answer(generator.generate("a", self.request(ledger, count: 1)))
    #expect(more.statistics?.reusedTokens == ledger.count - 1)
  }
}
