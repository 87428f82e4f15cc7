import Foundation
import Generation
import Models
import Synchronization
import TestSupport
import Testing

/// Saves and speculative prefills yield to requests. The tests have no timing: if a stop is missed, they hang.
@Suite(.timeLimit(.minutes(20))) struct GeneratorStoppingTests {
  private let tiny: TinyModels
  private let folder: TemporaryFolder

  init() throws {
    tiny = try #require(TinyModels.kinds.first { $0.architecture == "llama" })
    folder = try TemporaryFolder()
  }

  private func generator(_ store: CacheStore?) async throws -> Generator {
    let generator = Generator(
      limits: GeneratorLimits(cacheBytes: 1 << 30, modelBytes: 1 << 30), store: store)
    let tiny = tiny
    _ = try await generator.load("a") { try tiny.load() }
    return generator
  }

  /// Generates; returns the tokens of the prompt and the answer.
  private func ask(_ generator: Generator, _ prompt: [Int32], session: String = "s") async -> [Int32] {
    let request = GenerationRequest(
      prompt: .tokens(prompt), sampling: SamplingSettings(temperature: 0), maxTokens: 8, session: session)
    var ledger = prompt
    for await event in generator.generate("a", request) {
      if case .token(let id, _) = event, id >= 0 { ledger.append(id) }
      if case .failed(let message) = event { Issue.record("\(message)") }
    }
    return ledger
  }

  @Test(arguments: SavePlan.Occasion.allCases)
  func aRequestCancelsASave(_ occasion: SavePlan.Occasion) async throws {
    let disk = SlowDisk()
    let store = disk.store(folder.path)
    let generator = try await generator(store)
    let first = await ask(generator, Array(1...40))
    async let saved: Void = generator.save(session: "s", occasion)
    defer { disk.goOn() }
    await disk.nextBlock()
    // The disk stays blocked meanwhile.
    let second = await ask(generator, first + [5])
    #expect(try second == first + [5] + tiny.load().coldAnswer(first + [5], count: 8))
    disk.goOn()
    await saved
    // The next message cancels a save after an answer, but not that of a session that was closed.
    #expect(try folder.names.isEmpty == (occasion == .passing))
    await generator.save(session: "s", .leaving)
    #expect(try store.load(.session("s"), model: "a")?.ledger == Array(second.dropLast()))
  }

  /// When quitting exceeds its time limit.
  @Test func aCancelledSaveKeepsThePreviousFile() async throws {
    let earlier = try await generator(CacheStore(folder: folder.path, limit: 1 << 30))
    let first = await ask(earlier, Array(1...40))
    await earlier.save(session: "s")
    let before = try folder.content

    let disk = SlowDisk()
    let store = disk.store(folder.path)
    let generator = try await generator(store)
    #expect(await generator.restore(session: "s", for: "a") > 0)
    _ = await ask(generator, first + [5])
    let save = Task { await generator.save(session: "s", .leaving) }
    await disk.nextBlock()
    save.cancel()
    disk.goOn()
    await save.value
    #expect(try folder.names.count == 1 && folder.content == before)
    #expect(try store.load(.session("s"), model: "a")?.ledger == Array(first.dropLast()))
  }

  /// Quitting during a save: the file is that of the second save.
  @Test func closingDuringASaveSavesTheLatest() async throws {
    let disk = SlowDisk()
    let store = disk.store(folder.path)
    let generator = try await generator(store)
    let said = await ask(generator, Array(1...40))
    async let passing: Void = generator.save(session: "s", .passing)
    defer { disk.goOn() }
    await disk.nextBlock()
    // Files are written one at a time, so this one waits until the first is complete or cancelled.
    async let leaving: Void = generator.save(session: "s", .leaving)
    disk.goOn()
    await passing
    await leaving
    #expect(try folder.names.count == 1)
    #expect(try store.load(.session("s"), model: "a")?.ledger == Array(said.dropLast()))
  }

  @Test func aSessionDeletedDuringASaveIsNotRestored() async throws {
    let disk = SlowDisk()
    let generator = try await generator(disk.store(folder.path))
    _ = await ask(generator, Array(1...40))
    async let saved: Void = generator.save(session: "s", .leaving)
    defer { disk.goOn() }
    await disk.nextBlock()
    async let forgotten: Void = generator.forget(session: "s")
    // It has cancelled the first save before it waits.
    while generator.cacheHoldings().models.contains(where: { $0.tokens > 0 }) {
      try await Task.sleep(for: .milliseconds(1))
    }
    disk.goOn()
    await saved
    await forgotten
    #expect(try folder.names.isEmpty)
  }

  /// A superseded prefill finishes its chunk, unless a request waits.
  @Test(arguments: [true, false])
  func aSupersededPrefillIsCancelledByARequest(_ byAnAnswer: Bool) async throws {
    let generator = Generator()
    let made = Mutex<WatchfulModel?>(nil)
    let tiny = tiny
    _ = try await generator.load("a") {
      let loaded = try tiny.load()
      let watchful = WatchfulModel(loaded.model)
      made.withLock { $0 = watchful }
      return LoadedModel(model: watchful, tokenizer: nil, backend: loaded.backend, bytes: loaded.bytes)
    }
    let model = try #require(made.withLock { $0 })
    let draft = ReadAheadRequest(prompt: .tokens(Array(1...80)), purpose: .draft)
    async let first = generator.readAhead("a", draft)
    // If a wait below fails, nothing else should wait.
    defer { model.release() }
    try await model.nextQuestion()
    let second = generator.beginReadingAhead()
    try await model.nextQuestion()
    #expect(model.interruptions == 0, "its chunk goes on")
    let prompt = Array<Int32>(1...40)
    var said: Task<[Int32], Never>?
    if byAnAnswer { said = Task { await ask(generator, prompt) } } else { generator.stopReadingAhead() }
    try await model.nextInterruption()
    model.release()
    #expect(await first == 0)
    if let said { #expect(try await said.value == prompt + tiny.load().coldAnswer(prompt, count: 8)) }
    #expect(model.interruptions == 1)
    // Its replacement was cancelled as well.
    #expect(await generator.readAhead("a", draft, in: second) == 0)
  }
}
