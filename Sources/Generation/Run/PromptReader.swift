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
  private let prompt: [Int32]

  /// Resumes from the closest held sequence.
  /// - Throws: `GenerationError` if the prompt exceeds the model's or the budget's limits.
  package init(
    _ prompt: [Int32], loaded: LoadedModel, key: String, session: String?, cache: SharedPromptCache
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
    try makeRoom(for: prompt.count + 1)
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
  private func makeRoom(for length: Int) throws(GenerationError) {
    let needed = sequence.state.expectedBytes(at: length)
    guard needed <= cache.budget else {
      throw .cacheTooSmall(tokens: length, needed: needed, budget: cache.budget)
    }
    let growth = max(0, needed - sequence.state.bytes) + sequence.state.snapshotBytes
    cache.withLock { $0.makeRoom(for: growth) }
  }

  /// Whether the sequence may grow by `count` tokens; evicts if necessary.
  func hasRoom(for count: Int) -> Bool {
    (try? makeRoom(for: sequence.ledger.count + count)) != nil
  }

  /// Prefills the rest of the prompt in chunks.
  /// - Parameters:
  ///   - boundaries: where messages start, in tokens.
  ///   - largestChunk: nil to adapt to the machine's speed.
  ///   - mayGoOn: polled between chunks.
  ///   - isInterrupted: polled for every block with caches.
  ///   - progress: called with every position that is reached.
  /// - Returns: whether the end was reached.
  package mutating func read(
    boundaries: [Int], largestChunk: Int? = nil, mayGoOn: () -> Bool = { true },
    isInterrupted: @escaping () -> Bool, _ progress: (Int) -> Void
  ) throws -> Bool {
    progress(reused)
    var stops = snapshotPositions(boundaries).drop { $0 <= sequence.ledger.count }
    var chunking = PrefillChunking()
    while sequence.ledger.count < prompt.count {
      let position = sequence.ledger.count
      let size = min(chunking.size, largestChunk ?? .max)
      let end = min(position + size, stops.first ?? prompt.count)
      if position != reused, !mayGoOn() { return false }
      let start = ContinuousClock.now
      guard try advance(by: Array(prompt[position..<end]), isInterrupted) else { return false }
      let seconds = (ContinuousClock.now - start).seconds
      chunking.note(tokens: end - position, seconds: seconds)
      speed.note(tokens: end - position, seconds: seconds)
      if end == stops.first {
        stops.removeFirst()
        keep(boundaries.contains(end) ? .message : .interval)
      }
      progress(end)
    }
    return true
  }

  /// Processes tokens after the sequence and updates `logits`.
  /// - Returns: false if interrupted; the sequence is unchanged then.
  mutating func advance(by tokens: [Int32], _ isInterrupted: @escaping () -> Bool) throws -> Bool {
    if isInterrupted() { return false }
    try Self.checkVocabulary(tokens, loaded.model.facts)
    let fork = sequence.state.fork()
    var input = ForwardInput(tokens: tokens, sequence: fork)
    if loaded.backend is any InterruptibleBackend { input.isInterrupted = isInterrupted }
    let output: Tensor
    do { output = try loaded.model.forward(input) } catch is Interrupted { return false }
    sequence.advance(to: fork, by: tokens)
    logits = sequence.ledger.count < prompt.count ? nil : output
    return true
  }

  /// Processes one generated token.
  /// - Parameters:
  ///   - token: the token as sampled, possibly still on the backend's device.
  ///   - id: its id.
  /// - Returns: the logits after it, [1, vocabulary].
  /// - Throws: what the model throws. The sequence must then be kept or dropped, not advanced.
  package mutating func generate(after token: Tokens, id: Int32) throws -> Tensor {
    try Self.checkVocabulary(CollectionOfOne(id), loaded.model.facts)
    let output = try loaded.model.forward(ForwardInput(tokens: token, sequence: sequence.state))
    sequence.advance(to: sequence.state, by: CollectionOfOne(id))
    return output
  }

  /// Stores the current sequence in the prompt cache, unless a failed pass made that impossible.
  package func keep(_ place: HeldSequence.Place) {
    guard sequence.state.rollBack(to: sequence.ledger.count) else { return }
    let held = HeldSequence(
      state: sequence.state.fork(), logits: place == .prompt ? logits.map(loaded.backend.values) : nil,
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
