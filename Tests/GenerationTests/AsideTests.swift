import Basics
import Generation
import Testing

/// An answer on the side: the greedy one, and no trace of it in the prompt cache.
struct AsideTests {
  private static func generator(_ tiny: TinyModels, cacheBytes: Int = 1 << 30) async throws -> Generator {
    let generator = Generator(limits: GeneratorLimits(cacheBytes: cacheBytes, modelBytes: 1 << 30))
    _ = try await generator.load("a") { try tiny.load() }
    return generator
  }

  /// The reused tokens and the answer of a request.
  private static func ask(_ generator: Generator, _ prompt: [Int32]) async -> (reused: Int, tokens: [Int32]) {
    var result = (reused: 0, tokens: [Int32]())
    var request = GenerationRequest(prompt: .tokens(prompt), sampling: .greedy, maxTokens: 8)
    request.session = "s"
    for await event in generator.generate("a", request) {
      switch event {
      case .token(let id, _): if id >= 0 { result.tokens.append(id) }
      case .done(let statistics): result.reused = statistics.reusedTokens
      case .failed(let message): Issue.record("\(message)")
      case .prefill, .logProbabilities: break
      }
    }
    return result
  }

  @Test(arguments: TinyModels.kinds)
  func theCacheStaysAsItIs(_ tiny: TinyModels) async throws {
    let generator = try await Self.generator(tiny)
    let reference = try tiny.load()
    var random = SplitMix64(seed: 9)
    let prompt = reference.tokens(70, &random)
    let first = await Self.ask(generator, prompt)
    // The history as it starts the next prompt.
    let history = prompt + first.tokens
    let ahead = ReadAheadRequest(prompt: .tokens(history), purpose: .history, session: "s")
    _ = await generator.readAhead("a", ahead)
    let before = generator.cacheHoldings()
    let title = history + reference.tokens(20, &random)
    let aside = await generator.aside("a", .tokens(title), limit: 6) { _ in false }
    let after = generator.cacheHoldings()
    #expect(after.held == before.held)
    #expect(after.models.map(\.tokens) == before.models.map(\.tokens))
    #expect(after.models.map(\.sequences) == before.models.map(\.sequences))
    // Where two logits are nearly equal, a prefill in parts may decide otherwise than one pass.
    let cold = try reference.coldAnswer(title, count: 6)
    #expect(aside?.count == 6 && aside?.first == cold.first)
    // The next turn goes on from the same place as without the aside.
    let other = try await Self.generator(tiny)
    _ = await Self.ask(other, prompt)
    _ = await other.readAhead("a", ahead)
    let next = history + reference.tokens(12, &random)
    let expected = await Self.ask(other, next)
    let found = await Self.ask(generator, next)
    #expect(found.reused == expected.reused && found.reused > 0)
    #expect(found.tokens == expected.tokens)
  }

  @Test func itEndsWhereItIsComplete() async throws {
    let tiny = try #require(TinyModels.kinds.first)
    let generator = try await Self.generator(tiny)
    var random = SplitMix64(seed: 2)
    let prompt = try tiny.load().tokens(40, &random)
    _ = await Self.ask(generator, prompt)
    let aside = await generator.aside("a", .tokens(prompt + [5]), limit: 20) { $0.count == 3 }
    #expect(aside?.count == 3)
  }

  @Test func itIsRefusedWithoutRoomOrCache() async throws {
    let tiny = try #require(TinyModels.kinds.first)
    let generator = try await Self.generator(tiny)
    var random = SplitMix64(seed: 3)
    let model = try tiny.load()
    let prompt = model.tokens(40, &random)
    // Nothing was computed yet; then nothing of the prompt is held; then too much of it is new.
    #expect(await generator.aside("a", .tokens(prompt), limit: 4) { _ in false } == nil)
    _ = await Self.ask(generator, prompt)
    #expect(await generator.aside("a", .tokens(model.tokens(50, &random)), limit: 4) { _ in false } == nil)
    let long = prompt + model.tokens(30, &random)
    #expect(await generator.aside("a", .tokens(long), limit: 4, unread: 20) { _ in false } == nil)
    #expect(await generator.aside("a", .tokens(prompt + [1]), limit: 1 << 40) { _ in false } == nil)
    #expect(await generator.aside("none", .tokens(prompt), limit: 4) { _ in false } == nil)
  }

  /// Without room in the budget nothing is evicted for it.
  @Test func nothingIsEvicted() async throws {
    let tiny = try #require(TinyModels.kinds.first)
    var random = SplitMix64(seed: 4)
    let prompt = try tiny.load().tokens(64, &random)
    let measured = try await Self.generator(tiny)
    _ = await Self.ask(measured, prompt)
    let needed = measured.cacheHoldings().held
    let generator = try await Self.generator(tiny, cacheBytes: needed + 16)
    _ = await Self.ask(generator, prompt)
    let before = generator.cacheHoldings()
    try #require(before.held > 0)
    #expect(await generator.aside("a", .tokens(prompt + prompt), limit: 64) { _ in false } == nil)
    #expect(generator.cacheHoldings().held == before.held)
  }

  /// Every other request cancels it, and so does `stopAside`.
  @Test(arguments: 0..<4)
  func itIsCancelled(_ way: Int) async throws {
    let tiny = try #require(TinyModels.kinds.first)
    let generator = try await Self.generator(tiny)
    var random = SplitMix64(seed: 6)
    let prompt = try tiny.load().tokens(40, &random)
    _ = await Self.ask(generator, prompt)
    // The check after the first token cancels: the aside sees it before the next one.
    let aside = await generator.aside("a", .tokens(prompt + [5]), limit: 20) { tokens in
      if tokens.count == 1 {
        switch way {
        case 0: generator.stopAside()
        case 1: _ = generator.beginReadingAhead()
        case 2: generator.stopReadingAhead()
        default:
          _ = generator.generate(
            "a", GenerationRequest(prompt: .tokens(prompt), sampling: .greedy, maxTokens: 1))
        }
      }
      return false
    }
    #expect(aside == nil)
  }
}
