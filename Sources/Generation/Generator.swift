import Basics
import Compute
import Foundation
import Models
import Synchronization

/// Runs all models: an actor on a dedicated thread.
///
/// Requests run together: a scheduler moves all of them on with shared passes, users' turns before batches.
/// Prefilled prompts stay in the prompt cache, so that the next turn, an edited turn or a turn after a model switch
/// only prefills what is new. Speculative prefill yields to everything else.
///
/// The actor serialises all computation. Queries, model switches and cache clears bypass the actor. Operations that
/// delete or save a session's caches wait for running turns, and for one step of a batch; a restore waits for one step
/// of a turn too, because a turn of another model may wait for it.
public actor Generator {
  /// The usual largest wait for another process before a step of a batch, in seconds. It is limited because a suspended
  /// process may hold the lock for hours.
  public static let turnPatience = 10.0

  private let thread = GenerationThread()
  /// Models were loaded, or computations have ended.
  nonisolated let roomChanges = Changes()
  private let background = BackgroundWork()
  nonisolated let models: Mutex<ResidentModels<ResidentModel>>
  /// The answer on the side, which every other request cancels.
  nonisolated let asides = CurrentWork()
  /// The save that a new request cancels.
  let passing = CurrentWork()
  /// Saves of closed sessions, by session. Unlike the others, they continue during an answer.
  nonisolated let leaving = Mutex<[String: CancellationFlag]>([:])
  /// Held while a file is written or removed, so that no write follows a removal.
  nonisolated let diskWriting = Mutex(())
  /// Counts the removals of heads.
  nonisolated let headRemovals = Atomic<Int>(0)
  /// The number of restores that wait for the actor.
  nonisolated let restores = Atomic<Int>(0)
  private nonisolated let submissions = SubmissionQueue()
  private var scheduler: Scheduler
  private var isDriving = false
  /// Tells the batches of other processes about turns; nil if they are not considered.
  private let signal: TurnSignal?
  private let turnPatience: Double
  /// The model that computed last.
  private(set) var latest: String?
  /// Prefill speed of each model in tokens per second, by key, as measured last.
  nonisolated let rates = Mutex<[String: Double]>([:])
  nonisolated let cache: SharedPromptCache
  /// The store of saved caches; nil for none.
  nonisolated let store: CacheStore?
  /// The tokens in the files of sessions.
  var onDisk: [SessionFileKey: [Int32]] = [:]
  /// Reports why caches can't be saved.
  nonisolated let diskProblem = DiskProblem()

  /// A generator without models, on a new thread.
  /// - Parameters:
  ///   - turnFile: a file that all processes of the user share, so that turns in one go before batches in another; nil if
  ///     they need not.
  ///   - turnPatience: the seconds that a batch waits at most for another process before a step.
  public init(
    limits: GeneratorLimits = GeneratorLimits(), store: CacheStore? = nil, turnFile: String? = nil,
    turnPatience: Double = Generator.turnPatience
  ) {
    self.store = store
    self.turnPatience = turnPatience
    signal = turnFile.flatMap { TurnSignal(path: $0) }
    models = Mutex(ResidentModels(budget: limits.modelBytes))
    cache = SharedPromptCache(budget: limits.cacheBytes)
    scheduler = Scheduler(cache: cache, queue: submissions, limit: limits.batch)
  }

  /// The actor's thread.
  public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  // Generation

  /// Generates with a resident model. The stream ends with `done` or `failed`; ending the stream early cancels.
  /// Speculative prefill stops at once.
  /// - Parameter answerNow: ends the reasoning of a reasoning model; requires the request's `thoughtLimit`.
  public nonisolated func generate(
    _ key: String, _ request: GenerationRequest, cancellation: CancellationFlag = CancellationFlag(),
    answerNow: AnswerNowFlag = AnswerNowFlag()
  ) -> AsyncStream<GenerationEvent> {
    let (stream, continuation) = AsyncStream.makeStream(of: GenerationEvent.self)
    // A flag may be shared by several requests: only a stream that ends early cancels.
    continuation.onTermination = { if case .cancelled = $0 { cancellation.cancel() } }
    generate(key, request, cancellation: cancellation, answerNow: answerNow) {
      continuation.yield($0)
      switch $0 {
      case .done, .failed: continuation.finish()
      case .prefill, .logProbabilities, .token: break
      }
    }
    return stream
  }

  /// Generates with a resident model, without waking another thread for each token.
  /// - Parameter receive: called with each event on the thread that computes: it must return at once. The last event is
  ///   `done` or `failed`.
  public nonisolated func generate(
    _ key: String, _ request: GenerationRequest, cancellation: CancellationFlag, answerNow: AnswerNowFlag,
    _ receive: @escaping @Sendable (GenerationEvent) -> Void
  ) {
    let started = ContinuousClock.now
    background.stop()
    asides.stop()
    passing.stop()
    // Holds the model before the request starts, so that loading another model can't unload it.
    models.withLock { models in
      if let draft = request.speculation.draft { models.hold(draft) }
      models.hold(key)
    }
    submissions.add(
      Submission(
        key: key, request: request, cancellation: cancellation, answerNow: answerNow, started: started,
        emit: receive))
    Task { await drive() }
  }

  /// Announces a new speculative prefill. An earlier one ends after its current chunk.
  /// - Returns: the turn to pass to `readAhead`. It is valid until a generation or another speculative prefill
  ///   starts.
  public nonisolated func beginReadingAhead() -> CancellationFlag {
    asides.stop()
    return background.start()
  }

  /// Prefills a probable prompt. Ends early when a generation or another speculative prefill starts.
  /// - Parameter turn: from `beginReadingAhead()`; nil to start now.
  /// - Returns: the number of prefilled tokens; also 0 for a prompt that is invalid, since the user has not sent it.
  @discardableResult
  public nonisolated func readAhead(
    _ key: String, _ request: ReadAheadRequest, in turn: CancellationFlag? = nil
  ) async -> Int {
    let turn = turn ?? beginReadingAhead()
    models.withLock { $0.hold(key) }
    return await read(key, request, turn)
  }

  /// Stops the speculative prefill, and the answer on the side.
  public nonisolated func stopReadingAhead() {
    background.stop()
    asides.stop()
  }

  /// Runs the scheduler until all requests have ended. While only batches run, or if a restore waits, other operations
  /// of the actor get their turn between steps.
  private func drive() async {
    guard !isDriving else { return }
    isDriving = true
    defer { isDriving = false }
    while hasRequests {
      giveWay()
      let ended = scheduler.step({ key throws(GenerationError) in try turn(to: key) }, draft: { model($0) })
      for ended in ended { finish(ended) }
      let mayYield = !scheduler.hasTurn || restores.load(ordering: .relaxed) > 0
      if mayYield, thread.hasJobs { await Task.yield() }
    }
    signal?.set(false)
  }

  /// Tells other processes whether a user's turn computes here, or waits for theirs.
  private func giveWay() {
    guard let signal else { return }
    let hasTurn = scheduler.hasTurn || submissions.hasTurn
    signal.set(hasTurn)
    guard !hasTurn else { return }
    signal.waitForOthers(patience: turnPatience) {
      submissions.hasTurn || submissions.hasCancelled || scheduler.hasCancelled
    }
  }

  /// Whether a request waits or runs.
  var hasRequests: Bool { submissions.hasRequests || scheduler.hasRequests }

  private func finish(_ ended: Scheduler.Ended) {
    let submission = ended.submission
    if let run = ended.run { note(run.reader.speed, of: submission.key) }
    release(submission.key)
    if let draft = submission.request.speculation.draft { release(draft) }
    submission.emit(ended.event)
    // The last request of a model while another one computes.
    if latest != submission.key, !models.withLock({ $0.isHeld(submission.key) }) {
      model(submission.key)?.releaseUnusedMemory()
    }
    guard submission.request.priority == .turn, let run = ended.run, !scheduler.hasRequests else { return }
    prepare(run.reader.sequence.state, run.loaded)
  }

  /// Allocates memory for resuming from a state, until a request waits. It counts in the caches' budget.
  func prepare(_ state: SequenceState, _ loaded: LoadedModel) {
    guard let backend = loaded.backend as? any MemoryPreparingBackend else { return }
    let bytes = max(backend.preparationBytes(for: state.caches), backend.preparedBytes)
    if cache.withLock({ $0.reserve(bytes) }) {
      backend.prepare(for: state.caches) { submissions.hasRequests }
    }
    countPreparedMemory()
  }

  /// Counts the memory that is prepared now: that of the model that computed last, and of those with requests. The
  /// others have returned theirs.
  package func countPreparedMemory() {
    let backends = residentKeys.compactMap { model($0)?.backend as? any MemoryPreparingBackend }
    let bytes = backends.reduce(0) { $0 + $1.preparedBytes }
    cache.withLock { _ = $0.reserve(bytes) }
  }

  private func read(_ key: String, _ request: ReadAheadRequest, _ flag: CancellationFlag) -> Int {
    defer { release(key) }
    guard background.enter(flag), !scheduler.hasRequests, let loaded = try? turn(to: key),
      let run = try? ReadAheadRun.run(request, loaded: loaded, key: key, cache: cache, turn: flag)
    else { return 0 }
    note(run.speed, of: key)
    if let state = run.state { prepare(state, loaded) }
    return run.read
  }

  /// The model to compute with. The previous model returns its scratch memory, unless it has requests.
  private func turn(to key: String) throws(GenerationError) -> LoadedModel {
    guard let loaded = model(key) else { throw .modelNotLoaded }
    if let latest, latest != key, !models.withLock({ $0.isHeld(latest) }) {
      model(latest)?.releaseUnusedMemory()
    }
    latest = key
    countPreparedMemory()
    return loaded
  }

  private func note(_ speed: ReadingSpeed, of key: String) {
    if let rate = speed.rate { rates.withLock { $0[key] = rate } }
  }

  /// Ends a computation; models that had to wait for it are unloaded now.
  func release(_ key: String) {
    let haveLeft = !models.withLock { $0.release(key) }.isEmpty
    roomChanges.notify()
    if haveLeft {
      models.withLock { $0.latest }?.loaded.releaseUnusedMemory()
      countPreparedMemory()
    }
  }
}
