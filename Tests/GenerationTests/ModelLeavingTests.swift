import Basics
import Compute
import Generation
import Models
import Synchronization
import Testing

/// An unloaded model is freed: nothing keeps it, its backend or its mapped weights alive.
struct ModelLeavingTests {
  /// Weak references to objects that must be freed.
  private final class Watched: @unchecked Sendable {
    private weak var model: (any LanguageModel)?
    private weak var backend: (any Backend)?

    init(_ loaded: LoadedModel) {
      model = loaded.model
      backend = loaded.backend
    }

    var isGone: Bool { model == nil && backend == nil }

    /// Whether they are freed soon: the thread that loaded them may still hold its result.
    func goes() async -> Bool {
      for _ in 0..<60_000 where !isGone { try? await Task.sleep(for: .milliseconds(5)) }
      return isGone
    }
  }

  private func load(_ key: String, _ tiny: TinyModels, into generator: Generator) async throws -> Watched {
    let watched = Mutex<Watched?>(nil)
    _ = try await generator.load(key) {
      let loaded = try tiny.load()
      watched.withLock { $0 = Watched(loaded) }
      return loaded
    }
    return try #require(watched.withLock { $0 })
  }

  @Test(arguments: TinyModels.kinds)
  func anUnloadedModelIsFreed(_ tiny: TinyModels) async throws {
    let generator = Generator(limits: GeneratorLimits(cacheBytes: 1 << 30, modelBytes: 1))
    let reference = try tiny.load()
    var random = SplitMix64(seed: 3)
    let prompt = reference.tokens(30, &random)
    var earlier: Watched?
    for round in 0..<6 {
      let key = ["a", "b"][round % 2]
      let watched = try await load(key, tiny, into: generator)
      if let earlier { #expect(await earlier.goes(), "round \(round)") }
      #expect(!watched.isGone)
      let request = GenerationRequest(
        prompt: .tokens(prompt), sampling: SamplingSettings(temperature: 0), maxTokens: 4, session: "s")
      var isDone = false
      for await event in generator.generate(key, request) { if case .done = event { isDone = true } }
      #expect(isDone)
      let history = ReadAheadRequest(
        prompt: .tokens(prompt + reference.tokens(5, &random)), purpose: .history, session: "s")
      #expect(await generator.readAhead(key, history) > 0)
      earlier = watched
    }
    #expect(generator.cacheHoldings().models.count == 2, "what they read stays")
  }

  /// Whether the answer starts before or after the other model is loaded; the other one is the most recently used.
  @Test func aComputingModelIsUnloadedAfterItsAnswer() async throws {
    let tiny = try #require(TinyModels.kinds.first)
    let generator = Generator(limits: GeneratorLimits(cacheBytes: 1 << 30, modelBytes: 1))
    let watched = try await load("a", tiny, into: generator)
    let events = generator.generate(
      "a",
      GenerationRequest(
        prompt: .tokens([1, 2, 3]), sampling: SamplingSettings(temperature: 0), maxTokens: 20))
    _ = try await load("b", tiny, into: generator)
    for await _ in events {}
    #expect(await watched.goes())
    #expect(generator.residentKeys == ["b"])
  }
}
