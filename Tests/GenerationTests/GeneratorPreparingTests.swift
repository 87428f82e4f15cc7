import Compute
import Generation
import Synchronization
import Testing

/// What is prepared for the next turn while the generator is idle.
@Suite struct GeneratorPreparingTests {
  private func load(_ key: String, _ tiny: TinyModels, into generator: Generator) async throws -> StateReserve
  {
    let reserve = Mutex<StateReserve?>(nil)
    _ = try await generator.load(key) {
      let loaded = try tiny.load()
      reserve.withLock { $0 = (loaded.backend as? CPUBackend)?.states }
      return loaded
    }
    return try #require(reserve.withLock { $0 })
  }

  private func ask(_ generator: Generator, _ key: String, _ prompt: [Int32]) async {
    let request = GenerationRequest(
      prompt: .tokens(prompt), sampling: SamplingSettings(temperature: 0), maxTokens: 3)
    for await event in generator.generate(key, request) {
      if case .failed(let message) = event { Issue.record("\(message)") }
    }
  }

  /// It follows the last event of an answer.
  private func becomes(_ reserve: StateReserve, _ isRight: (Int) -> Bool) async -> Bool {
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
