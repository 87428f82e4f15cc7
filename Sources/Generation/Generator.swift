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
public actor Generator {
  private let thread = GenerationThread()
  private let background = BackgroundWork()
  /// The saving that gives way to whoever waits.
  let passing = CurrentWork()
  var models: ResidentModels
  /// The model that was turned to last.
  private var latest: String?
  let cache: PromptCache
  /// Where caches are saved; nil for nowhere.
  nonisolated let store: CacheStore?
  /// The tokens in the files of sessions.
  var onDisk: [SessionFileKey: [Int32]] = [:]
  /// Told, once, why caches cannot be saved.
  nonisolated let diskProblem = DiskProblem()

  /// A generator without models, on a new thread.
  public init(limits: GeneratorLimits = GeneratorLimits(), store: CacheStore? = nil) {
    self.store = store
    models = ResidentModels(budget: limits.modelBytes)
    cache = PromptCache(budget: limits.cacheBytes)
  }

  /// The actor's thread.
  public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  // Models

  /// Makes a model resident under `key`; one that already is stays as it is. Others leave when the budget
  /// needs it, those that were not used for longest first; their caches stay.
  /// - Throws: what `make` throws; nothing has changed then.
  public func load(_ key: String, _ make: @Sendable () throws -> LoadedModel) throws -> ModelFacts {
    if let loaded = models.use(key) {
      turn(to: key)
      return loaded.model.facts
    }
    let loaded = try make()
    let memory = Int(clamping: ProcessInfo.processInfo.physicalMemory)
    guard loaded.bytes <= memory else {
      throw GenerationError.modelTooLarge(bytes: loaded.bytes, memory: memory)
    }
    turn(to: key)
    if !models.insert(key, loaded).isEmpty { releaseUnusedMemory() }
    return loaded.model.facts
  }

  /// The model that was in use gives back what it computed in.
  private func turn(to key: String) {
    if let latest, latest != key { models.peek(latest)?.backend.releaseUnusedMemory() }
    latest = key
  }

  /// Gives back to the system what models that left have used. Whoever holds a part of one that left (its
  /// tokenizer, say) lets go of it first.
  public func releaseUnusedMemory() {
    if let latest { models.peek(latest)?.backend.releaseUnusedMemory() }
  }

  /// Whether a model is in memory; if so it counts as used now.
  public func use(_ key: String) -> Bool {
    guard models.use(key) != nil else { return false }
    turn(to: key)
    return true
  }

  /// Whether a resident model's caches cannot be cut back everywhere, so that prompts should say where their
  /// messages begin.
  public func needsSnapshots(_ key: String) -> Bool {
    models.use(key).map { !SequenceState(layers: $0.model.makeCaches()).keepsEveryPosition } ?? false
  }

  /// The keys of the models in memory.
  public var residentKeys: [String] { models.keys }

  /// Lets a model leave memory; its caches stay.
  public func unload(_ key: String) {
    let backend = models.use(key)?.backend
    models.remove(key)
    backend?.releaseUnusedMemory()
  }

  // Generation

  /// Generates with a resident model. The stream ends with `done` or `failed`; giving it up cancels. Reading
  /// ahead stops at once.
  public nonisolated func generate(
    _ key: String, _ request: GenerationRequest, cancellation: CancellationFlag = CancellationFlag()
  ) -> AsyncStream<GenerationEvent> {
    let (stream, continuation) = AsyncStream.makeStream(of: GenerationEvent.self)
    continuation.onTermination = { _ in cancellation.cancel() }
    let started = ContinuousClock.now
    background.stop()
    passing.stop()
    Task {
      await run(key, request, cancellation, started) { continuation.yield($0) }
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
    await read(key, request, turn ?? background.start())
  }

  /// Ends reading ahead.
  public nonisolated func stopReadingAhead() { background.stop() }

  private func run(
    _ key: String, _ request: GenerationRequest, _ cancellation: CancellationFlag,
    _ started: ContinuousClock.Instant, _ emit: (GenerationEvent) -> Void
  ) {
    do {
      guard let loaded = models.use(key) else { throw GenerationError.modelNotLoaded }
      var run = try GenerationRun(
        request, loaded: loaded, key: key, cache: request.isCold ? PromptCache(budget: cache.budget) : cache,
        cancellation: cancellation, started: started)
      emit(.done(try run.run(emit)))
    } catch {
      emit(.failed("\(error)"))
    }
  }

  private func read(_ key: String, _ request: ReadAheadRequest, _ flag: CancellationFlag) -> Int {
    guard background.enter(flag), let loaded = models.use(key) else { return 0 }
    let read = try? ReadAheadRun.run(request, loaded: loaded, key: key, cache: cache, turn: flag)
    return read ?? 0
  }

  // The cache

  /// What the cache holds, model by model, and its budget in bytes.
  public func cacheHoldings() -> (held: Int, budget: Int, models: [CacheHolding]) {
    (cache.heldBytes, cache.budget, cache.holdings())
  }

  /// Tokens of a prompt that a model, resident or not, would not have to read, and tokens of the prompt.
  public func reusable(
    _ key: String, _ prompt: Prompt, tokenizer: Tokenizer
  ) throws -> (reusable: Int, total: Int) {
    let tokens = try prompt.encoded(tokenizer: tokenizer, held: cache.tree(key)).tokens
    return (cache.reusable(key, tokens), tokens.count)
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
