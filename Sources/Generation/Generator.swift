import Basics
import Compute
import Foundation
import Models
import Synchronization

/// The one place where models compute: an actor on a thread of its own.
///
/// What it read stays in the prompt cache, so that a conversation's next turn, an edited one, or one that
/// comes back to a model reads only what is new. Reading ahead gives way to everything else.
///
/// The actor is the queue of what is computed, one after the other. Whoever asks what is held, turns to another
/// model or gives caches back does not enter it, and is answered at once. What changes the caches of a session
/// (taking in from disk, forgetting) or wants to see them complete (saving) waits for the computation's end.
public actor Generator {
  private let thread = GenerationThread()
  private let background = BackgroundWork()
  private nonisolated let models: Mutex<ResidentModels<ResidentModel>>
  /// The saving that gives way to whoever waits.
  let passing = CurrentWork()
  /// The saves of sessions that were closed, by session. Unlike those in passing, they continue during an answer.
  nonisolated let leaving = Mutex<[String: CancellationFlag]>([:])
  /// Held while a file is written or removed, so that no write follows a removal.
  nonisolated let diskWriting = Mutex(())
  /// Counts the removals of heads.
  nonisolated let headRemovals = Atomic<Int>(0)
  /// Answers that were asked for and have not begun.
  private nonisolated let waiting = Atomic<Int>(0)
  /// The model that computed last.
  private var latest: String?
  /// Prompt tokens that models read a second, as measured last, by their keys.
  nonisolated let rates = Mutex<[String: Double]>([:])
  nonisolated let cache: SharedPromptCache
  /// Where caches are saved; nil for nowhere.
  nonisolated let store: CacheStore?
  /// The tokens in the files of sessions.
  var onDisk: [SessionFileKey: [Int32]] = [:]
  /// Told why caches cannot be saved.
  nonisolated let diskProblem = DiskProblem()

  /// A generator without models, on a new thread.
  public init(limits: GeneratorLimits = GeneratorLimits(), store: CacheStore? = nil) {
    self.store = store
    models = Mutex(ResidentModels(budget: limits.modelBytes))
    cache = SharedPromptCache(budget: limits.cacheBytes)
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
    if makeRoom(for: model.bytes) { model.loaded.releaseUnusedMemory() }
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
    waiting.add(1, ordering: .relaxed)
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
  ) {
    waiting.subtract(1, ordering: .relaxed)
    var end = GenerationEvent.done(.cancelled)
    var finished: (state: SequenceState, loaded: LoadedModel)?
    if !cancellation.isCancelled {
      do {
        let loaded = try turn(to: key)
        var run = try GenerationRun(
          request, loaded: loaded, key: key,
          cache: request.isCold ? SharedPromptCache(budget: cache.budget) : cache,
          cancellation: cancellation, answerNow: answerNow, started: started)
        end = .done(try run.run(emit))
        note(run.reader.speed, of: key)
        finished = (run.reader.sequence.state, loaded)
      } catch {
        end = .failed("\(error)")
      }
    }
    release(key)
    emit(end)
    if let finished { prepare(finished.state, finished.loaded) }
  }

  /// Gets ready for what goes on from a state, as long as nobody waits.
  func prepare(_ state: SequenceState, _ loaded: LoadedModel) {
    guard let backend = loaded.backend as? any MemoryPreparingBackend else { return }
    backend.prepare(for: state.caches) { waiting.load(ordering: .relaxed) > 0 }
  }

  private func read(_ key: String, _ request: ReadAheadRequest, _ flag: CancellationFlag) -> Int {
    defer { release(key) }
    guard background.enter(flag), let loaded = try? turn(to: key),
      let run = try? ReadAheadRun.run(request, loaded: loaded, key: key, cache: cache, turn: flag)
    else { return 0 }
    note(run.speed, of: key)
    if let state = run.state { prepare(state, loaded) }
    return run.read
  }

  /// The model that computes from now on; the one before gives back what it computed in.
  private func turn(to key: String) throws(GenerationError) -> LoadedModel {
    guard let loaded = model(key) else { throw .modelNotLoaded }
    if let latest, latest != key {
      models.withLock { $0.peek(latest) }?.loaded.releaseUnusedMemory()
    }
    latest = key
    return loaded
  }

  private func note(_ speed: ReadingSpeed, of key: String) {
    if let rate = speed.rate { rates.withLock { $0[key] = rate } }
  }

  /// A computation is over: models that were to leave may do so now.
  private func release(_ key: String) {
    let haveLeft = !models.withLock { $0.release(key) }.isEmpty
    if haveLeft { models.withLock { $0.latest }?.loaded.releaseUnusedMemory() }
  }
}
