import Basics
import Foundation
import Generation
import Models
import Synchronization
import TestSupport
import Testing

/// A session's caches on disk: saved after answers and when it is closed, and deleted with it.
struct GeneratorDiskTests {
  private func tiny(_ architecture: String = "llama") throws -> TinyModels {
    try #require(TinyModels.kinds.first { $0.architecture == architecture })
  }

  private func generator(_ folder: String, _ tiny: TinyModels) async throws -> Generator {
    let generator = Generator(
      limits: GeneratorLimits(cacheBytes: 1 << 30, modelBytes: 1 << 30),
      store: CacheStore(folder: folder, limit: 1 << 30))
    _ = try await generator.load("a") { try tiny.load() }
    return generator
  }

  /// Generates; returns the held tokens and the statistics, or nil if it failed.
  private func ask(
    _ generator: Generator, _ prompt: [Int32], count: Int = 8, session: String = "s"
  ) async -> (ledger: [Int32], statistics: GenerationStatistics)? {
    let request = GenerationRequest(
      prompt: .tokens(prompt), sampling: SamplingSettings(temperature: 0), maxTokens: count,
      session: session)
    var ledger = prompt
    for await event in generator.generate("a", request) {
      switch event {
      case .token(let id, _) where id >= 0: ledger.append(id)
      case .done(let done): return (ledger, done)
      default: break
      }
    }
    return nil
  }

  @Test(arguments: TinyModels.kinds)
  func sessionsSavedAfterAnswersSurviveACrash(_ tiny: TinyModels) async throws {
    let folder = try TemporaryFolder()
    let first = try await generator(folder.path, tiny)
    var random = SplitMix64(seed: 3)
    let words = try tiny.load().tokens(60, &random)
    let answer = try #require(await ask(first, words))
    await first.save(session: "s", .passing)
    // The first generator is not told that it ends.
    let second = try await generator(folder.path, tiny)
    #expect(await second.restore(session: "s", for: "a") > 0)
    let next = try #require(await ask(second, answer.ledger + [1, 2, 3]))
    #expect(next.statistics.reuse.kind == .disk)
    #expect(next.statistics.promptTokens - next.statistics.reusedTokens <= 4)
    #expect(try next.ledger.suffix(8) == tiny.load().coldAnswer(answer.ledger + [1, 2, 3], count: 8)[...])
  }

  /// A conversation whose history another one holds is saved as far as that history goes, not only as far as its own
  /// answer.
  @Test(arguments: TinyModels.kinds)
  func aHistoryOfTwoConversationsIsSavedWithBoth(_ tiny: TinyModels) async throws {
    let folder = try TemporaryFolder()
    let first = try await generator(folder.path, tiny)
    var random = SplitMix64(seed: 8)
    let history = try tiny.load().tokens(59, &random)
    func ahead(_ session: String) -> ReadAheadRequest {
      ReadAheadRequest(prompt: .tokens(history), purpose: .history, session: session)
    }
    #expect(await first.readAhead("a", ahead("s")) == 59)
    _ = try #require(await ask(first, Array(history[..<50]), session: "t"))
    #expect(await first.readAhead("a", ahead("t")) == 0)
    await first.save(session: "t", .leaving)
    await first.save(session: "s", .leaving)
    for session in ["s", "t"] {
      let second = try await generator(folder.path, tiny)
      #expect(await second.restore(session: session, for: "a") == 59)
    }
    await first.forget(session: "s")
    #expect(first.cacheHoldings().models.first?.sessions == ["t"])
  }

  @Test func unchangedSessionsAreNotWrittenAgain() async throws {
    let folder = try TemporaryFolder()
    let generator = try await generator(folder.path, tiny())
    let answer = try #require(await ask(generator, Array(1...40)))
    await generator.save(session: "s", .passing)
    func written() throws -> Date? {
      let name = try #require(try folder.names.first)
      let attributes = try FileManager.default.attributesOfItem(atPath: folder.path + "/" + name)
      return attributes[.modificationDate] as? Date
    }
    let before = try written()
    await generator.save(session: "s", .passing)
    await generator.save(session: "s", .leaving)
    #expect(try written() == before)
    _ = await ask(generator, answer.ledger + [4, 5])
    await generator.save(session: "s", .leaving)
    #expect(try written() != before)
    // A removed file is written again.
    _ = generator.clearDisk()
    #expect(try folder.names.isEmpty)
    await generator.save(session: "s", .leaving)
    #expect(try folder.names.count == 1)
  }

  /// A deleted session leaves neither its own file nor a head with its system prompt, in memory and on disk.
  @Test func aDeletedSessionLeavesNoHead() async throws {
    let folder = try TemporaryFolder()
    let generator = try await generator(folder.path, tiny())
    let head = Prompt.tokens(Array(1...40))
    #expect(await generator.prepareHead("a", head) == 40)
    _ = try #require(await ask(generator, Array(1...50)))
    await generator.save(session: "s", .leaving)
    #expect(try folder.names.count == 2)
    await generator.forget(session: "s")
    #expect(try folder.names.isEmpty)
    #expect(generator.cacheHoldings().held == 0)
    // A head is saved again only when it is requested again.
    #expect(await generator.prepareHead("a", head) == 40)
    #expect(try folder.names.count == 1)
  }

  /// The save of a session that was closed is not cancelled by the next message.
  @Test func aSaveOnClosingContinuesDuringAnAnswer() async throws {
    let folder = try TemporaryFolder()
    let (blocks, continuation) = AsyncStream.makeStream(of: Void.self)
    let gate = DispatchSemaphore(value: 0)
    var store = CacheStore(folder: folder.path, limit: 1 << 30)
    store.beforeBlock = {
      continuation.yield()
      gate.wait()
      gate.signal()
    }
    let generator = Generator(
      limits: GeneratorLimits(cacheBytes: 1 << 30, modelBytes: 1 << 30), store: store)
    let tiny = try tiny()
    _ = try await generator.load("a") { try tiny.load() }
    _ = try #require(await ask(generator, Array(1...40)))
    let save = Task { await generator.save(session: "s", .leaving) }
    // The save is in its first block.
    var started = blocks.makeAsyncIterator()
    await started.next()
    let other = GenerationRequest(
      prompt: .tokens(Array(60...90)), sampling: SamplingSettings(temperature: 0), maxTokens: 2, session: "t")
    for await _ in generator.generate("a", other) {}
    gate.signal()
    await save.value
    #expect(try folder.names.count == 1)
  }

  @Test func aCancelledSaveKeepsTheFile() throws {
    let folder = try TemporaryFolder()
    let store = CacheStore(folder: folder.path, limit: 1 << 30)
    let (model, _) = try #require(DiskModel.all.first).load()
    func walk(_ count: Int) throws -> StoredPrompt {
      let state = SequenceState(caches: model.makeCaches())
      let tokens = (0..<count).map { Int32($0 % 7) }
      _ = try model.forward(ForwardInput(tokens: tokens, sequence: state))
      return StoredPrompt(state, ledger: tokens)
    }
    try store.save(walk(10), for: .session("s"), model: "m")
    for patience in 0..<3 {
      var left = patience
      #expect(throws: PromptFileError.self) {
        try store.save(walk(100), for: .session("s"), model: "m") {
          left -= 1
          return left < 0
        }
      }
      #expect(try store.load(.session("s"), model: "m")?.ledger.count == 10)
      #expect(try folder.names.count == 1, "nothing unfinished is left")
    }
  }

  @Test func anUnwritableFolderIsReportedOnce() async throws {
    let folder = try TemporaryFolder()
    // Also works for root, which may write everywhere.
    let place = folder.path + "/prompts"
    try Data("a file".utf8).write(to: URL(fileURLWithPath: place))
    let generator = try await generator(place, tiny())
    let told = Mutex<[String]>([])
    generator.listen { text in told.withLock { $0.append(text) } }
    let answer = try #require(await ask(generator, Array(1...40)))
    await generator.save(session: "s", .passing)
    await generator.save(session: "s", .leaving)
    let lines = told.withLock { $0 }
    #expect(lines.count == 1 && !lines[0].contains("\n"), "\(lines)")
    #expect(
      lines.first == """
        Caches cannot be saved, so resuming a conversation prefills it again: \(place): not a folder; move it away, \
        or set cache_disk = 0 in the settings to turn saving off
        """)
    let next = try #require(await ask(generator, answer.ledger + [1]))
    #expect(next.statistics.promptTokens - next.statistics.reusedTokens <= 2)
    #expect(try String(contentsOfFile: place, encoding: .utf8) == "a file")
  }

  @Test func aTooLargeConversationIsReportedOnce() async throws {
    let folder = try TemporaryFolder()
    let generator = Generator(store: CacheStore(folder: folder.path, limit: 1000))
    let tiny = try tiny()
    _ = try await generator.load("a") { try tiny.load() }
    let told = Mutex<[String]>([])
    generator.listen { text in told.withLock { $0.append(text) } }
    for count in [40, 50] {
      _ = await ask(generator, Array(1...Int32(count)))
      await generator.save(session: "s", .leaving)
    }
    let lines = told.withLock { $0 }
    #expect(lines.count == 1 && lines[0].contains("raise cache_disk"), "\(lines)")
    #expect(try folder.names.isEmpty)
  }

  @Test func aFullDiskIsReportedWithItsReason() {
    let file = FileError.writing(ENOSPC, "/c/prompts/1.session.x.safetensors")
    #expect(
      DiskProblem.text(.file(file), "/c/prompts") == """
        Caches cannot be saved, so resuming a conversation prefills it again: /c/prompts: no space left on device; \
        free some space there, or set cache_disk = 0 in the settings to turn saving off
        """)
    #expect(DiskProblem.text(.interrupted, "/c/prompts") == nil)
  }

  @Test(arguments: ["llama", "mamba2"])
  func aFailedPassKeepsThePrefilledPart(_ architecture: String) async throws {
    let tiny = try tiny(architecture)
    for layer in 0..<(try tiny.load().model.facts.layerCount) {
      let generator = Generator(limits: GeneratorLimits(cacheBytes: 1 << 30, modelBytes: 1 << 30))
      _ = try await generator.load("a") {
        let sound = try tiny.load()
        let failing = FailingModel(sound.model)
        (failing.failsAtLayer, failing.passesBefore) = (layer, 4)
        return LoadedModel(model: failing, tokenizer: nil, backend: sound.backend, bytes: sound.bytes)
      }
      let prompt = Array(Int32(1)...80)
      #expect(await ask(generator, prompt, count: 20) == nil)
      // The prompt and three tokens were held; of Mamba-2, whose first layer can't be truncated, the prompt.
      let again = try #require(await ask(generator, prompt, count: 20))
      #expect(again.statistics.promptTokens - again.statistics.reusedTokens <= 1)
      #expect(try again.ledger == prompt + tiny.load().coldAnswer(prompt, count: 20))
    }
  }

  /// A complete speculative prefill stores a snapshot at each message boundary.
  @Test(arguments: TinyModels.kinds)
  func anEditInWhatWasReadAheadReadsFromItsMessage(_ tiny: TinyModels) async throws {
    let folder = try TemporaryFolder()
    let generator = try await generator(folder.path, tiny)
    var random = SplitMix64(seed: 5)
    let history = try tiny.load().tokens(220, &random)
    let prompt = Prompt(.tokens(history), boundaries: [70, 140, 205])
    await generator.readAhead("a", ReadAheadRequest(prompt: prompt, purpose: .history, session: "s"))
    for start in [205, 140, 70] {
      let edited = Array(history[..<start]) + [3, 1, 2]
      let answer = try #require(await ask(generator, edited))
      #expect(answer.statistics.promptTokens - answer.statistics.reusedTokens <= 4, "from \(start)")
      #expect(try answer.ledger == edited + tiny.load().coldAnswer(edited, count: 8))
    }
  }
}
