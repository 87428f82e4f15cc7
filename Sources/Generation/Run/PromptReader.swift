import Compute
import Models

/// Prefills a prompt, starting from what the prompt cache holds of it, and stores snapshots for later prompts.
///
/// Each chunk is processed in a fork that replaces the sequence when the chunk has succeeded. An interrupted or
/// failed chunk loses only its own work.
package struct PromptReader {
  let loaded: LoadedModel
  let key: String
  let session: String?
  let cache: SharedPromptCache
  package private(set) var sequence: Sequence
  package private(set) var reused = 0
  package private(set) var report = ReuseReport()
  /// The prefill speed.
  package private(set) var speed = ReadingSpeed()
  /// The logits [1, vocabulary] after the last token, once they are known.
  package private(set) var logits: Tensor?
  /// The tokens of the prompt.
  let prompt: [Int32]
  /// The positions at which snapshots are stored, in ascending order, from the current position on.
  private var stops: ArraySlice<Int> = []
  /// The lengths of prefixes that other requests wait for.
  private var shared: Set<Int> = []
  /// Whether states at the ends of chunks are kept while the request runs, for requests that come to share a prefix.
  var keepsMarks = false
  /// These states, if the caches can't always be truncated, in ascending order. Together they have at most a 64th of
  /// the budget.
  private var marks: [SequenceState] = []

  /// Resumes from the closest held sequence.
  /// - Parameter others: bytes that are reserved for other sequences.
  /// - Throws: `GenerationError` if the prompt exceeds the model's or the budget's limits.
  package init(
    _ prompt: [Int32], loaded: LoadedModel, key: String, session: String?, cache: SharedPromptCache,
    others: Int = 0
  ) throws(GenerationError) {
    try Self.check(prompt, loaded.model.facts)
    self.loaded = loaded
    self.key = key
    self.session = session
    self.cache = cache
    self.prompt = prompt
    if let found = cache.withLock({ $0.find(key, prompt) }) {
      sequence = Sequence(found.state, ledger: Array(prompt[..<found.length]))
      reused = found.length
      report = found.report
      logits = found.logits.map { loaded.backend.tensor($0, columns: $0.count) }
    } else {
      report.miss = cache.withLock { $0.missWithoutReuse(key, prompt) }
      sequence = Sequence(SequenceState(caches: loaded.model.makeCaches()))
    }
    try makeRoom(for: prompt.count + 1, others: others)
  }

  private static func check(_ prompt: [Int32], _ facts: ModelFacts) throws(GenerationError) {
    guard !prompt.isEmpty else { throw .emptyPrompt }
    try checkVocabulary(prompt, facts)
    guard prompt.count < facts.contextLength else {
      throw .promptTooLong(tokens: prompt.count, context: facts.contextLength)
    }
  }

  /// Every token is checked before the model gets it: the embedding has no row for ids beyond it, such as that of a
  /// token that was added to the tokenizer only.
  private static func checkVocabulary(
    _ tokens: some Collection<Int32>, _ facts: ModelFacts
  ) throws(GenerationError) {
    if let foreign = tokens.first(where: { $0 < 0 || Int($0) >= facts.vocabularyCount }) {
      throw .foreignToken(foreign, vocabulary: facts.vocabularyCount)
    }
  }

  /// Evicts held sequences so that the sequence can grow to `length` tokens.
  /// - Throws: `cacheTooSmall` if it would not fit an empty cache.
  private func makeRoom(for length: Int, others: Int) throws(GenerationError) {
    let needed = sequence.state.expectedBytes(at: length)
    guard needed <= cache.budget else {
      throw .cacheTooSmall(tokens: length, needed: needed, budget: cache.budget)
    }
    let growth = max(0, needed - sequence.state.bytes) + sequence.state.snapshotBytes + others
    cache.withLock { $0.makeRoom(for: growth) }
  }

  /// Whether the sequence may grow by `count` tokens; evicts if necessary.
  func hasRoom(for count: Int, others: Int) -> Bool {
    (try? makeRoom(for: sequence.ledger.count + count, others: others)) != nil
  }

  /// Whether the whole prompt is processed.
  var isComplete: Bool { sequence.ledger.count >= prompt.count }

  /// Plans the snapshots of caches that can't always be truncated.
  /// - Parameter boundaries: where messages start, in tokens; nil for no snapshots.
  mutating func planSnapshots(at boundaries: [Int]?) {
    guard let boundaries else { return stops = [] }
    stops = snapshotPositions(boundaries).drop { $0 <= sequence.ledger.count }
  }

  /// Publishes a prefix of the prompt in the prompt cache as soon as it is processed.
  mutating func share(_ count: Int) {
    guard count > sequence.ledger.count, count < prompt.count, shared.insert(count).inserted, needsSnapshots
    else { return }
    stops = (stops.filter { $0 != count } + [count]).sorted()[...]
  }

  /// The tokens of the next chunk: at most `limit`, not beyond the next snapshot.
  func nextChunk(limit: Int) -> [Int32] {
    let position = sequence.ledger.count
    return Array(prompt[position..<min(position + limit, stops.first ?? prompt.count, prompt.count)])
  }

  /// Accepts a chunk that was processed in a fork, and stores the snapshot at its end if one is planned.
  /// - Parameters:
  ///   - output: the logits after its last token, [1, vocabulary].
  ///   - seconds: its duration.
  mutating func finish(
    _ chunk: [Int32], in fork: SequenceState, logits output: Tensor, seconds: Double, boundaries: [Int]
  ) {
    accept(chunk, in: fork, output)
    speed.note(tokens: chunk.count, seconds: seconds)
    let end = sequence.ledger.count
    if end == stops.first {
      stops.removeFirst()
      keep(boundaries.contains(end) || shared.contains(end) ? .message : .interval)
      shared.remove(end)
    }
    for count in shared where count <= end {
      shared.remove(count)
      publish(count)
    }
  }

  /// Stores a prefix of the processed tokens of the prompt, if the caches can be truncated to it; otherwise the longest
  /// one at whose end the state was kept.
  func publish(_ count: Int) {
    let state: SequenceState
    if sequence.state.canTruncate(to: count) {
      state = sequence.state.fork()
      if count < state.length { state.truncate(to: count) }
    } else {
      guard let mark = marks.last(where: { $0.length <= count }) else { return }
      state = mark.fork()
    }
    let held = HeldSequence(state: state, place: .message, session: session)
    cache.withLock { $0.insert(key, Array(prompt[..<state.length]), held) }
  }

  /// Keeps the state at the end of a chunk.
  private mutating func mark() {
    guard keepsMarks, needsSnapshots, !isComplete else { return }
    let bytes = sequence.state.snapshotBytes
    guard (marks.count + 1) * bytes <= cache.budget / 64 else { return }
    marks.append(sequence.state.fork())
  }

  private mutating func accept(_ chunk: [Int32], in fork: SequenceState, _ output: Tensor) {
    sequence.advance(to: fork, by: chunk)
    mark()
    logits = sequence.ledger.count < prompt.count ? nil : output
  }

  /// Processes one generated token.
  /// - Parameters:
  ///   - token: the token as sampled, possibly still on the backend's device.
  ///   - id: its id.
  /// - Returns: the logits after it, [1, vocabulary].
  /// - Throws: what the model throws. The sequence must then be kept or dropped, not advanced.
  package mutating func generate(after token: Tokens, id: Int32) throws -> Tensor {
    try check(id)
    let output = try loaded.model.forward(ForwardInput(tokens: token, sequence: sequence.state))
    finish(CollectionOfOne(id), in: sequence.state)
    return output
  }

  /// Throws if the model has no embedding for a token.
  func check(_ id: Int32) throws(GenerationError) {
    try Self.checkVocabulary(CollectionOfOne(id), loaded.model.facts)
  }

  /// Records that a state, the sequence's own or its fork, has processed generated tokens after the sequence.
  mutating func finish(_ ids: some Collection<Int32>, in state: SequenceState) {
    sequence.advance(to: state, by: ids)
    logits = nil
  }

  /// The state for a pass some of whose last tokens may be rejected: the sequence's own, which can be truncated, or a
  /// fork. Windows keep enough positions.
  var verificationState: SequenceState {
    let state = sequence.state
    return state.caches.allSatisfy { $0 is any KeyValueCache } ? state : state.fork()
  }

  /// Undoes what a failed pass has added to the caches.
  /// - Returns: false if a cache can't be truncated.
  func rollBack() -> Bool { sequence.state.rollBack(to: sequence.ledger.count) }

  /// Starts again with the current tokens as the prompt.
  mutating func restart(others: Int) throws(GenerationError) {
    let speed = speed
    self = try PromptReader(
      sequence.ledger, loaded: loaded, key: key, session: session, cache: cache, others: others)
    self.speed = speed
  }

  /// Stores the current sequence in the prompt cache, unless a failed pass made that impossible.
  package func keep(_ place: HeldSequence.Place) {
    guard rollBack() else { return }
    let keepsLogits = place == .prompt || place == .rested
    let held = HeldSequence(
      state: sequence.state.fork(), logits: keepsLogits ? logits.map(loaded.backend.values) : nil,
      place: place, session: session)
    cache.withLock { $0.insert(key, sequence.ledger, held) }
  }

  /// Whether snapshots are needed because some caches can't always be truncated.
  package var needsSnapshots: Bool { !sequence.state.keepsEveryPosition }

  private func snapshotPositions(_ boundaries: [Int]) -> [Int] {
    guard needsSnapshots else { return [] }
    let interval = SnapshotPlan.interval(
      count: prompt.count, bytes: sequence.state.snapshotBytes, budget: cache.budget)
    return SnapshotPlan.positions(
      reused: reused, count: prompt.count, boundaries: boundaries, interval: interval)
  }
}
