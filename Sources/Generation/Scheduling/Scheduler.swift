import Compute
import Models

/// Decides which requests compute next, and computes it with shared forward passes (continuous batching): requests
/// join and leave at every step, and each has its own sampling, limits and cancellation.
///
/// - Users' turns go first: while one runs, batches pause. Turns of several models share the time equally. Among
///   batches, the oldest request's model computes.
/// - A step processes at most one pass of prompt tokens and one token of every answer. Between two tokens of an answer
///   there are at most `pause` prompt tokens of others.
/// - A prefix that a request shares with one that runs is prefilled once: it waits for a part that is not prefilled yet.
/// - A request of a batch is admitted when its caches fit into the budget at their full length, beside those of the
///   running requests. Those that don't fit wait, and none overtakes them.
/// - A request that fails does not affect others: if a shared pass fails, its requests continue alone.
struct Scheduler {
  /// A request that has ended, with its last event.
  struct Ended {
    let submission: Submission
    /// nil if it has not started.
    let run: GenerationRun?
    let event: GenerationEvent
  }

  /// The most prompt tokens between two tokens of an answer, unless a user's turn goes first.
  static let pause = 256
  /// Tokens of a chunk of a request in a batch. Chunks don't depend on speed or on other requests, so that results
  /// don't either.
  static let chunk = 256
  /// The most prompt tokens of a pass while no answer waits.
  static let largestPass = 1024
  /// The most answers together for which look-ups propose tokens. With more, rows cost as much as they save.
  static let mostSpeculating = 8
  /// The least number of shared tokens that is worth waiting for.
  static let worthSharing = 64

  /// The requests that have not started, oldest first.
  private var waiting: [PendingRequest] = []
  /// The requests that have started, oldest first.
  private(set) var running: [GenerationRun] = []
  private var ended: [Ended] = []
  private let cache: SharedPromptCache
  let queue: SubmissionQueue
  /// The largest number of requests that run together.
  private let limit: Int
  /// The number of requests that have started so far.
  private var started = 0
  /// How models with turns share the time.
  private var shares = TurnShares()

  /// - Parameter limit: the largest number of requests that run together.
  init(cache: SharedPromptCache, queue: SubmissionQueue, limit: Int) {
    self.cache = cache
    self.queue = queue
    self.limit = max(1, limit)
  }

  /// Whether a request waits or runs.
  var hasRequests: Bool { !waiting.isEmpty || !running.isEmpty }
  /// Whether a user's turn waits or runs.
  var hasTurn: Bool { waiting.contains { $0.group.isTurn } || running.contains { $0.group.isTurn } }
  /// Whether a request is to be cancelled in the next step.
  var hasCancelled: Bool {
    running.contains { $0.isCancelled } || waiting.contains { $0.submission.cancellation.isCancelled }
  }

  /// Performs one step.
  /// - Parameters:
  ///   - model: the model for a key.
  ///   - draft: the draft model for a key; nil if it is not resident.
  /// - Returns: the requests that have ended.
  mutating func step(
    _ model: (String) throws(GenerationError) -> LoadedModel, draft: (String) -> LoadedModel?
  ) -> [Ended] {
    waiting += queue.takeAll().map { PendingRequest($0) }
    endCancelled()
    if let group = nextGroup() {
      let start = ContinuousClock.now
      do throws(GenerationError) {
        let loaded = try model(group.key)
        admit(group, loaded)
        let runs = running.filter { $0.group == group }
        prefill(runs, loaded)
        for run in runs { run.attachDraft(draft) }
        decode(runs.filter { $0.phase == .decoding && !$0.isCancelled }, loaded)
      } catch { fail(group, error) }
      if group.isTurn { shares.note(group.key, seconds: (ContinuousClock.now - start).seconds) }
    }
    for run in running {
      if let end = run.end { ended.append(Ended(submission: run.submission, run: run, event: end)) }
    }
    running.removeAll { $0.end != nil }
    defer { ended.removeAll() }
    return ended
  }

  private mutating func endCancelled() {
    for run in running where run.isCancelled { run.cancel() }
    for pending in waiting where pending.submission.cancellation.isCancelled {
      ended.append(Ended(submission: pending.submission, run: nil, event: .done(.cancelled)))
    }
    waiting.removeAll { $0.submission.cancellation.isCancelled }
  }

  /// The requests that compute in this step: turns before batches.
  private mutating func nextGroup() -> RequestGroup? {
    let groups = running.filter { $0.end == nil }.map(\.group) + waiting.map(\.group)
    let turns = groups.filter(\.isTurn)
    let next = shares.next(of: turns.map(\.key))
    return turns.first { $0.key == next } ?? groups.first
  }

  /// Whether another model has turns.
  func sharesTime(_ group: RequestGroup) -> Bool {
    running.contains { $0.group.isTurn && $0.group != group }
      || waiting.contains { $0.group.isTurn && $0.group != group }
  }

  private mutating func fail(_ group: RequestGroup, _ error: GenerationError) {
    for run in running where run.group == group { run.fail(error) }
    for pending in waiting where pending.group == group {
      ended.append(Ended(submission: pending.submission, run: nil, event: .failed("\(error)")))
    }
    waiting.removeAll { $0.group == group }
  }

  // Admission

  /// Starts the requests of a group that may start now, oldest first.
  private mutating func admit(_ group: RequestGroup, _ loaded: LoadedModel) {
    var index = 0
    while index < waiting.count, running.count(where: { $0.group == group }) < limit {
      guard waiting[index].group == group else {
        index += 1
        continue
      }
      do throws(GenerationError) {
        let prompt = try waiting[index].encode(loaded, cache)
        if awaitsPrefix(&waiting[index], prompt.tokens) {
          index += 1
          continue
        }
        guard let run = try start(waiting[index].submission, prompt, loaded) else { break }
        running.append(run)
      } catch {
        ended.append(Ended(submission: waiting[index].submission, run: nil, event: .failed("\(error)")))
      }
      waiting.remove(at: index)
    }
    let total = running.reduce(0) { $0 + $1.reserved }
    for run in running { run.reservedByOthers = total - run.reserved }
  }

  /// - Returns: nil if the caches of the running requests leave no room.
  private mutating func start(
    _ submission: Submission, _ prompt: (tokens: [Int32], boundaries: [Int]), _ loaded: LoadedModel
  ) throws(GenerationError) -> GenerationRun? {
    let request = submission.request, isBatch = request.priority == .batch
    let cache = request.isCold ? SharedPromptCache(budget: cache.budget) : cache
    let others = running.reduce(0) { $0 + $1.reserved }
    let state =
      running.first { $0.submission.key == submission.key }?.reader.sequence.state
      ?? SequenceState(caches: loaded.model.makeCaches())
    let answer = isBatch ? max(request.maxTokens, 0) : 1
    let (sum, overflows) = prompt.tokens.count.addingReportingOverflow(answer)
    let length = min(overflows ? .max : sum, loaded.model.facts.contextLength)
    let reserved = state.expectedBytes(at: length)
    if isBatch, others > 0, others + reserved > cache.budget { return nil }
    started += 1
    return try GenerationRun(
      submission, prompt, number: started - 1, loaded: loaded, cache: cache, reserved: reserved,
      others: others)
  }

  /// Publishes the prefix that a request shares with a running one, if that has processed it.
  /// - Returns: whether the running request will soon have processed and published it.
  private func awaitsPrefix(_ pending: inout PendingRequest, _ tokens: [Int32]) -> Bool {
    if pending.waitsForPrefix { return true }
    guard let (run, common) = pending.closest(of: running, least: Self.worthSharing) else { return false }
    let held = cache.withLock { $0.reusable(pending.submission.key, tokens) }
    guard common >= held + Self.worthSharing else { return false }
    guard run.phase == .prefilling, run.reader.sequence.ledger.count < common else {
      run.publish(common)
      return false
    }
    // The end of the other prompt is not a prefix to publish but its own state.
    let count = min(common, run.reader.prompt.count - 1)
    run.share(count)
    pending.wait(for: run, count: count)
    return pending.waitsForPrefix
  }
}
