import Compute
import Foundation
import Models
import Synchronization
import Tokenization

/// How much memory the generator may use.
public struct GeneratorLimits: Sendable {
  /// Bytes for the prompt caches of all models.
  public var cacheBytes: Int
  /// Bytes of weights of all models in memory.
  public var modelBytes: Int

  /// Limits; a quarter of the machine's memory for caches and three quarters for weights where nothing is said.
  public init(cacheBytes: Int? = nil, modelBytes: Int? = nil) {
    let memory = Int(clamping: ProcessInfo.processInfo.physicalMemory)
    self.cacheBytes = cacheBytes ?? memory / 4
    self.modelBytes = modelBytes ?? memory / 4 * 3
  }
}

/// The one place where models compute: an actor on a thread of its own.
///
/// What it read stays in the prompt cache, so that a conversation's next turn, an edited one, or one that
/// comes back to a model reads only what is new. Reading ahead gives way to everything else.
///
/// One computation runs at a time, and the actor is free between its chunks and tokens: whoever asks what is held,
/// or turns to another model, waits for one chunk or token at the most. What changes the caches of others (taking in
/// from disk, forgetting) or wants to see them complete (saving) waits for the computation's end.
public actor Generator {
  private let thread = GenerationThread()
  private let background = BackgroundWork()
  private let gate = ComputingGate()
  private nonisolated let models: Mutex<ResidentModels<ResidentModel>>
  /// The saving that gives way to whoever waits.
  let passing = CurrentWork()
  /// The model that computed last.
  private var latest: String?
  /// Prompt tokens that models read a second, as measured last, by their keys.
  private var rates: [String: Double] = [:]
  let cache: PromptCache
  nonisolated let limits: GeneratorLimits
  /// Where caches are saved; nil for nowhere.
  nonisolated let store: CacheStore?
  /// The tokens in the files of sessions.
  var onDisk: [SessionFileKey: [Int32]] = [:]
  /// Told why caches cannot be saved.
  nonisolated let diskProblem = DiskProblem()

  /// A generator without models, on a new thread.
  public init(limits: GeneratorLimits = GeneratorLimits(), store: CacheStore? = nil) {
    self.limits = limits
    self.store = store
    models = Mutex(ResidentModels(budget: limits.modelBytes))
    cache = PromptCache(budget: limits.cacheBytes)
  }

  /// The actor's thread.
  public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  // Models

  /// Makes a model resident under `key`; one that already is stays as it is. Others leave when the budget
  /// needs it, those that were not used for longest first, but none that computes before it is done; their
  /// caches stay. Nothing that is computed meanwhile waits for it.
  /// - Throws: what `make` throws; nothing has changed then.
  public nonisolated func load(
    _ key: String, _ make: @escaping @Sendable () throws -> sending LoadedModel
  ) async throws -> ModelFacts {
    if let known = models.withLock({ $0.use(key) }) { return known.facts }
    let model = try await OwnThread.run { ResidentModel(try make()) }
    let memory = Int(clamping: ProcessInfo.processInfo.physicalMemory)
    guard model.bytes <= memory else {
      throw GenerationError.modelTooLarge(bytes: model.bytes, memory: memory)
    }
    if makeRoom(for: model.bytes) { model.loaded.backend.releaseUnusedMemory() }
    return models.withLock { $0.insert(key, model, bytes: model.bytes) }.facts
  }

  /// - Returns: whether models left, whose memory is free now.
  private nonisolated func makeRoom(for bytes: Int) -> Bool {
    !models.withLock { $0.makeRoom(for: bytes) }.isEmpty
  }

  /// Whether a model is in memory; if so it counts as used now.
  public nonisolated func use(_ key: String) -> Bool { models.withLock { $0.use(key) } != nil }

  /// Whether a resident model's caches cannot be cut back everywhere, so that prompts should say where their
  /// messages begin.
  public nonisolated func needsSnapshots(_ key: String) -> Bool {
    models.withLock { $0.peek(key) }.map { !$0.keepsEveryPosition } ?? false
  }

  /// The keys of the models in memory.
  public nonisolated var residentKeys: [String] { models.withLock { $0.keys } }

  /// A model in memory. Used last is the one that was asked for last, whichever computes last.
  func model(_ key: String) -> LoadedModel? { models.withLock { $0.peek(key) }?.loaded }

  // Generation

  /// Generates with a resident model. The stream ends with `done` or `failed`; giving it up cancels. Reading
  /// ahead stops at once.
  /// - Parameter answerNow: ends the thoughts of a model that thinks; needs the request's `thoughtLimit`.
  public nonisolated func generate(
    _ key: String, _ request: GenerationRequest, cancellation: CancellationFlag = CancellationFlag(),
    answerNow: AnswerNowFlag = AnswerNowFlag()
  ) -> AsyncStream<GenerationEvent> {
    let (stream, continuation) = AsyncStream.makeStream(of: GenerationEvent.self)
    continuation.onTermination = { _ in cancellation.cancel() }
    let started = ContinuousClock.now
    background.stop()
    passing.stop()
    // From now on, so that no model that comes before its turn can make it leave.
    models.withLock { $0.hold(key) }
    Task {
      await run(key, request, cancellation, answerNow, started) { continuation.yield($0) }
      continuation.finish()
    }
    return stream
  }

  /// Says, at once, that something else is to be read ahead than before; what was begun earlier ends behind its
  /// chunk.
  /// - Returns: the turn in which it may be read, until a generation or another reading ahead begins.
  public nonisolated func beginReadingAhead() -> CancellationFlag { background.start() }

  /// Reads what will probably be asked for. Ends early when a generation or another reading ahead begins.
  /// - Parameter turn: from `beginReadingAhead()`; nil to begin now.
  /// - Returns: tokens that were read; 0 as well for a prompt that cannot be read, since nobody asked yet.
  @discardableResult
  public nonisolated func readAhead(
    _ key: String, _ request: ReadAheadRequest, in turn: CancellationFlag? = nil
  ) async -> Int {
    let turn = turn ?? background.start()
    models.withLock { $0.hold(key) }
    return await read(key, request, turn)
  }

  /// Ends reading ahead.
  public nonisolated func stopReadingAhead() { background.stop() }

  private func run(
    _ key: String, _ request: GenerationRequest, _ cancellation: CancellationFlag,
    _ answerNow: AnswerNowFlag, _ started: ContinuousClock.Instant, _ emit: (GenerationEvent) -> Void
  ) async {
    var end = GenerationEvent.done(.cancelled)
    if await gate.enter(unless: { cancellation.isCancelled }) {
      do {
        let loaded = try turn(to: key)
        var run = try GenerationRun(
          request, loaded: loaded, key: key,
          cache: request.isCold ? PromptCache(budget: cache.budget) : cache,
          cancellation: cancellation, answerNow: answerNow, started: started)
        end = .done(try await run.run(pause: pause, emit))
        note(run.reader.speed, of: key)
      } catch {
        end = .failed("\(error)")
      }
      gate.leave()
    }
    release(key)
    emit(end)
  }

  private func read(_ key: String, _ request: ReadAheadRequest, _ flag: CancellationFlag) async -> Int {
    var read = 0
    if await gate.enter(unless: { flag.isRetired }) {
      if background.enter(flag), let loaded = try? turn(to: key) {
        let run = try? await ReadAheadRun.run(
          request, loaded: loaded, key: key, cache: cache, turn: flag, pause: pause)
        read = run?.read ?? 0
        if let speed = run?.speed { note(speed, of: key) }
      }
      gate.leave()
    }
    release(key)
    return read
  }

  /// Between two steps of a computation: whatever else is asked of the actor goes first.
  private func pause() async {
    gate.dismissStopped()
    await thread.letOthersRun()
  }

  /// The model that computes from now on; the one before gives back what it computed in.
  private func turn(to key: String) throws(GenerationError) -> LoadedModel {
    guard let loaded = model(key) else { throw .modelNotLoaded }
    if let latest, latest != key {
      models.withLock { $0.peek(latest) }?.loaded.backend.releaseUnusedMemory()
    }
    latest = key
    return loaded
  }

  private func note(_ speed: ReadingSpeed, of key: String) {
    if let rate = speed.rate { rates[key] = rate }
  }

  /// A computation is over: models that were to leave may do so now.
  private func release(_ key: String) {
    let haveLeft = !models.withLock { $0.release(key) }.isEmpty
    if haveLeft { models.withLock { $0.latest }?.loaded.backend.releaseUnusedMemory() }
  }

  /// Waits until nothing is computed, and does what must not come in between.
  func atRest<Result>(_ work: () throws -> Result) async rethrows -> Result {
    _ = await gate.enter()
    defer { gate.leave() }
    return try work()
  }

  // The cache

  /// What the cache holds, model by model, and its budget in bytes.
  public func cacheHoldings() -> (held: Int, budget: Int, models: [CacheHolding]) {
    (cache.heldBytes, cache.budget, cache.holdings())
  }

  /// A prompt of which it is asked how much is held.
  public struct ReuseQuestion: Sendable {
    /// The model's key.
    public let key: String
    let prompt: Prompt
    let tokenizer: Tokenizer

    /// What a model, resident or not, holds of a prompt.
    public init(key: String, prompt: Prompt, tokenizer: Tokenizer) {
      self.key = key
      self.prompt = prompt
      self.tokenizer = tokenizer
    }
  }

  /// What a model holds of a prompt.
  public struct HeldPart: Sendable {
    /// Tokens that would not have to be read.
    public let reusable: Int
    /// Tokens that would have to be.
    public let unread: Int
    /// The seconds that this is likely to take; nil where the model has read too little to tell.
    public let seconds: Double?
  }

  /// What models hold of prompts; nil for a prompt that cannot be read.
  public func heldParts(_ questions: [ReuseQuestion]) -> [HeldPart?] {
    questions.map { question in
      let encoded = try? question.prompt.encoded(
        tokenizer: question.tokenizer, held: cache.tree(question.key))
      guard let tokens = encoded?.tokens else { return nil }
      let reusable = cache.reusable(question.key, tokens)
      let unread = tokens.count - reusable
      return HeldPart(
        reusable: reusable, unread: unread, seconds: rates[question.key].map { Double(unread) / $0 })
    }
  }

  /// Forgets all caches.
  /// - Returns: the bytes that they held.
  public func clearCaches() -> Int {
    defer { cache.removeAll() }
    return cache.heldBytes
  }
}

/// The one thing that is read ahead at a time, and what it has taken the place of while that ends its chunk.
private final class BackgroundWork: Sendable {
  private let newest = CurrentWork()
  private let running = CurrentWork()

  /// The caller's work takes the place of what runs, behind the chunk at hand: where chunks take longer than
  /// the person's next words, a draft would never be read otherwise.
  func start() -> CancellationFlag { newest.start { $0.retire() } }

  /// Whether work may begin on the generator's thread; it then runs until another enters.
  func enter(_ flag: CancellationFlag) -> Bool {
    running.replace(with: flag)
    return !flag.isRetired
  }

  /// All of it ends at once.
  func stop() {
    newest.stop()
    running.stop()
  }
}

/// What runs now of a kind of work of which one is enough.
final class CurrentWork: Sendable {
  private let current = Mutex<CancellationFlag?>(nil)

  /// New work takes the place of what runs, which is told so.
  func start(_ tell: (CancellationFlag) -> Void = { $0.cancel() }) -> CancellationFlag {
    let flag = CancellationFlag()
    if let earlier = replace(with: flag) { tell(earlier) }
    return flag
  }

  @discardableResult
  func replace(with flag: CancellationFlag) -> CancellationFlag? {
    current.withLock { current in
      defer { current = flag }
      return current
    }
  }

  func stop() { current.withLock { $0?.cancel() } }
}
