import Basics
import Generation
import Models
import Synchronization
import TestSupport
import Testing

/// Turns of two models at once, as `/ask` starts them.
@Suite(.timeLimit(.minutes(20))) struct TwoModelsTests {
  private typealias Fixture = SchedulerFixture

  private func generator(store: CacheStore? = nil) -> Generator {
    Generator(limits: GeneratorLimits(cacheBytes: 1 << 30, modelBytes: 1 << 30), store: store)
  }

  /// The second turn starts while the first one computes, and does not wait for its end.
  @Test(arguments: ["llama", "mamba2"], [1, 300])
  func answersRunAtOnce(_ architecture: String, _ length: Int) async throws {
    let tiny = try TinyModels.named("llama"), other = try TinyModels.named(architecture)
    let generator = generator()
    let first = try await SteppedModel.load(tiny, in: generator)
    let made = Mutex<ObservedModel?>(nil)
    _ = try await generator.load("b") {
      let loaded = try other.load(), observed = ObservedModel(loaded)
      made.withLock { $0 = observed }
      return LoadedModel(model: observed, tokenizer: nil, backend: loaded.backend, bytes: loaded.bytes)
    }
    let second = try #require(made.withLock { $0 })
    let reference = try other.load()
    var random = SplitMix64(seed: 3)
    let prompt = reference.tokens(length, &random)
    let one = generator.generate("a", Fixture.request([1, 2, 3], count: 60, priority: .turn))
    await first.nextStep()
    let two = generator.generate("b", Fixture.request(prompt, count: 8, priority: .turn))
    var passes = 0
    while second.passes.isEmpty, passes < 50 {
      first.permit()
      await first.nextStep()
      passes += 1
    }
    // Two passes of the step that was running, and one until the first model has computed for longer.
    #expect(passes <= 3)
    first.permit(1000)
    #expect(await Fixture.answer(two).tokens == (try reference.coldAnswer(prompt, count: 8)))
    #expect(await Fixture.answer(one).tokens == (try tiny.load().coldAnswer([1, 2, 3], count: 60)))
    // The chunks do not adapt to the speed while the time is shared.
    #expect(second.passes.allSatisfy { $0[0] <= 256 })
  }

  @Test func eachGoesBeforeABatch() async throws {
    let tiny = try TinyModels.named("llama")
    let generator = generator()
    let model = try await SteppedModel.load(tiny, in: generator)
    _ = try await generator.load("b") { try tiny.load() }
    let batch = generator.generate("a", Fixture.request([1], count: 50))
    await model.nextStep()
    let turn = generator.generate("b", Fixture.request([7, 8], count: 10, priority: .turn))
    model.permit()
    // No step of the batch is permitted.
    #expect(await Fixture.answer(turn).tokens == (try tiny.load().coldAnswer([7, 8], count: 10)))
    model.permit(1000)
    #expect(await Fixture.answer(batch).tokens == (try tiny.load().coldAnswer([1], count: 50)))
  }

  /// A model that does not fit beside the one that answers is loaded after its answer.
  @Test func modelsThatDoNotFitTogetherTakeTurns() async throws {
    let tiny = try TinyModels.named("llama")
    let bytes = try tiny.load().bytes
    let generator = Generator(limits: GeneratorLimits(cacheBytes: 1 << 30, modelBytes: bytes + bytes / 2))
    let model = try await SteppedModel.load(tiny, in: generator)
    let answer = generator.generate("a", Fixture.request([1, 2, 3], count: 20, priority: .turn))
    await model.nextStep()
    let states = Mutex((waits: 0, ended: false))
    let wait = Task {
      let mayGoOn = await generator.waitForRoom(for: "b", bytes: bytes, CancellationFlag()) {
        states.withLock { $0.waits += 1 }
      }
      states.withLock { $0.ended = true }
      return mayGoOn
    }
    while states.withLock({ $0.waits }) == 0 { try await Task.sleep(for: .milliseconds(5)) }
    let cancelled = CancellationFlag()
    cancelled.cancel()
    #expect(await !generator.waitForRoom(for: "b", bytes: bytes, cancelled) {})
    // A cancellation ends a wait that has started.
    let late = CancellationFlag()
    #expect(await !generator.waitForRoom(for: "b", bytes: bytes, late) { Task { late.cancel() } })
    let task = Task { await generator.waitForRoom(for: "b", bytes: bytes, CancellationFlag()) {} }
    task.cancel()
    #expect(await !task.value)
    #expect(states.withLock { $0.waits == 1 && !$0.ended })
    model.permit(1000)
    #expect(await Fixture.answer(answer).tokens.count == 20)
    #expect(await wait.value)
    _ = try await generator.load("b") { try tiny.load() }
    #expect(generator.residentKeys == ["b"])
  }

  /// The caches of the second model are restored from disk while the first one answers.
  @Test func aRestoreDoesNotWaitForATurn() async throws {
    let tiny = try TinyModels.named("llama")
    let folder = try TemporaryFolder()
    let earlier = generator(store: CacheStore(folder: folder.path, limit: 1 << 30))
    _ = try await earlier.load("b") { try tiny.load() }
    var saved = Fixture.request(Array(1...40), count: 8, priority: .turn)
    saved.session = "s"
    _ = await Fixture.answer(earlier.generate("b", saved))
    await earlier.save(session: "s")

    let generator = generator(store: CacheStore(folder: folder.path, limit: 1 << 30))
    let model = try await SteppedModel.load(tiny, in: generator)
    _ = try await generator.load("b") { try tiny.load() }
    let answer = generator.generate("a", Fixture.request([1, 2, 3], count: 200, priority: .turn))
    await model.nextStep()
    let restored = Mutex(0)
    let task = Task {
      let count = await generator.restore(session: "s", for: "b")
      restored.withLock { $0 = count }
    }
    var steps = 0
    while restored.withLock({ $0 }) == 0, steps < 190 {
      // The file is read meanwhile.
      try await Task.sleep(for: .milliseconds(20))
      model.permit()
      await model.nextStep()
      steps += 1
    }
    #expect(restored.withLock { $0 } > 40, "after \(steps) steps")
    model.permit(1000)
    await task.value
    #expect(await Fixture.answer(answer).tokens.count == 200)
  }
}
