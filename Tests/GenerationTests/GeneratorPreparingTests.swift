import Compute
import Generation
import Models
import Synchronization
import Testing

/// What is prepared for the next turn while the generator is idle.
@Suite struct GeneratorPreparingTests {
  fileprivate func load(_ key: String, _ tiny: TinyModels, into generator: Generator) async throws
    -> StateReserve
  {
    let reserve = Mutex<StateReserve?>(nil)
    _ = try await generator.load(key) {
      let loaded = try tiny.load()
      reserve.withLock { $0 = (loaded.backend as? CPUBackend)?.states }
      return loaded
    }
    return try #require(reserve.withLock { $0 })
  }

  fileprivate func ask(_ generator: Generator, _ key: String, _ prompt: [Int32]) async {
    let request = GenerationRequest(
      prompt: .tokens(prompt), sampling: SamplingSettings(temperature: 0), maxTokens: 3)
    for await event in generator.generate(key, request) {
      if case .failed(let message) = event { Issue.record("\(message)") }
    }
  }

  /// It follows the last event of an answer.
  fileprivate func becomes(_ reserve: StateReserve, _ isRight: (Int) -> Bool) async -> Bool {
    for _ in 0..<60_000 where !isRight(reserve.bytes) { try? await Task.sleep(for: .milliseconds(5)) }
    return isRight(reserve.bytes)
  }

  @Test func copiesArePreparedAfterAnswersAndFreedWhenAnotherModelComputes() async throws {
    let tiny = try #require(TinyModels.kinds.first { $0.architecture == "mamba2" })
    let generator = Generator(limits: GeneratorLimits(cacheBytes: 1 << 30, modelBytes: 1 << 30))
    let first = try await load("a", tiny, into: generator)
    let second = try await load("b", tiny, into: generator)
    #expect(first.bytes == 0)
    await ask(generator, "a", [1, 2, 3])
    #expect(await becomes(first) { $0 > 0 })
    let filled = first.bytes
    // The next turn uses them, and they are allocated again.
    await ask(generator, "a", [1, 2, 3, 4, 5])
    #expect(await becomes(first) { $0 == filled })
    let draft = ReadAheadRequest(prompt: .tokens([1, 2, 3, 4, 5, 6, 7]), purpose: .draft, session: nil)
    #expect(await generator.readAhead("a", draft) > 0)
    #expect(first.bytes == filled)
    await ask(generator, "b", [1, 2, 3])
    #expect(await becomes(second) { $0 == filled })
    #expect(first.bytes == 0)
  }
}

extension GeneratorPreparingTests {
  @Test func preparedCopiesCountInTheBudget() async throws {
    let tiny = try #require(TinyModels.kinds.first { $0.architecture == "mamba2" })
    let generator = Generator(limits: GeneratorLimits(cacheBytes: 1 << 30, modelBytes: 1 << 30))
    let reserve = try await load("a", tiny, into: generator)
    await ask(generator, "a", [1, 2, 3])
    #expect(await becomes(reserve) { $0 > 0 })
    // Waits until the answer's preparation has ended.
    await generator.countPreparedMemory()
    let (held, _, models) = generator.cacheHoldings()
    #expect(held == models.reduce(0) { $0 + $1.bytes } + reserve.bytes)
    _ = generator.clearCaches()
    #expect(generator.cacheHoldings().held == reserve.bytes)
    _ = try await load("b", tiny, into: generator)
    await ask(generator, "b", [1, 2, 3])
    #expect(await becomes(reserve) { $0 == 0 })
  }

  /// A reserve above a quarter of the budget is not allocated; the cache of the conversation is worth more.
  @Test func aSmallBudgetHasNoReserve() async throws {
    let tiny = try #require(TinyModels.kinds.first { $0.architecture == "mamba2" })
    let caches = try tiny.load().model.makeCaches()
    let state = SequenceState(caches: caches).bytes
    let generator = Generator(limits: GeneratorLimits(cacheBytes: 7 * state, modelBytes: 1 << 30))
    let reserve = try await load("a", tiny, into: generator)
    await ask(generator, "a", [1, 2, 3])
    await generator.countPreparedMemory()
    #expect(reserve.bytes == 0)
    #expect(generator.cacheHoldings().held <= 7 * state)
  }
}
