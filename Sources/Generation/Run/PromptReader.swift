import Compute
import Models

/// Reads a prompt into the caches, from what the prompt cache holds of it, and keeps the states that later
/// prompts will want.
///
/// Each chunk is read into a fork, which takes the sequence's place when the chunk is done: a chunk that is
/// interrupted or fails costs its own work and nothing else.
package struct PromptReader {
  let loaded: LoadedModel
  let key: String
  let session: String?
  let cache: SharedPromptCache
  package private(set) var sequence: Sequence
  package private(set) var reused = 0
  package private(set) var report = ReuseReport()
  /// How fast the prompt was read.
  package private(set) var speed = ReadingSpeed()
  /// The logits [1, vocabulary] after the last token, when it was read or they had been kept.
  package private(set) var logits: Tensor?
  private let prompt: [Int32]

  /// Takes up the nearest sequence that is held.
  /// - Throws: `GenerationError` for a prompt that the model or the budget cannot take.
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

  /// Every token passes this check before the model gets it: an id beyond the embedding, such as that of a token
  /// that was added to the tokenizer alone, has no row there.
  private static func checkVocabulary(
    _ tokens: some Collection<Int32>, _ facts: ModelFacts
  ) throws(GenerationError) {
    if let foreign = tokens.first(where: { $0 < 0 || Int($0) >= facts.vocabularyCount }) {
      throw .foreignToken(foreign, vocabulary: facts.vocabularyCount)
    }
  }

  /// Makes room for the sequence's growth to `length` tokens.
  /// - Throws: `cacheTooSmall` where it would not fit if nothing else were held.
  private func makeRoom(for length: Int) throws(GenerationError) {
    let needed = sequence.state.expectedBytes(at: length)
    guard needed <= cache.budget else {
      throw .cacheTooSmall(tokens: length, needed: needed, budget: cache.budget)
    }
    let growth = max(0, needed - sequence.state.bytes) + sequence.state.snapshotBytes
    cache.withLock { $0.makeRoom(for: growth) }
  }

  /// Whether the sequence may grow by `count` tokens; room is made for them.
  func hasRoom(for count: Int) -> Bool {
    (try? makeRoom(for: sequence.ledger.count + count)) != nil
  }

  /// Reads what is left of the prompt, chunk by chunk.
  /// - Parameters:
  ///   - boundaries: where messages begin, in tokens.
  ///   - largestChunk: nil for what the machine's speed suggests.
  ///   - mayGoOn: asked between chunks.
  ///   - isInterrupted: asked once a layer.
  ///   - progress: told of every position that is reached.
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

  /// Takes in tokens behind the sequence; `logits` are those behind the last of them.
  /// - Returns: false when interrupted; the sequence is then as before.
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

  /// Takes in one generated token.
  /// - Parameters:
  ///   - token: the token as it was sampled, which may still be on the backend's device.
  ///   - id: its id.
  /// - Returns: the logits after it, [1, vocabulary].
  /// - Throws: what the model throws; the sequence can then be kept, and nothing else.
  package mutating func generate(after token: Tokens, id: Int32) throws -> Tensor {
    try Self.checkVocabulary(CollectionOfOne(id), loaded.model.facts)
    let output = try loaded.model.forward(ForwardInput(tokens: token, sequence: sequence.state))
    sequence.advance(to: sequence.state, by: CollectionOfOne(id))
    return output
  }

  /// Keeps the sequence as it is now, for later prompts; one that a failed pass has spoilt is not kept.
  package func keep(_ place: HeldSequence.Place) {
    guard sequence.state.rollBack(to: sequence.ledger.count) else { return }
    let held = HeldSequence(
      state: sequence.state.fork(), logits: place == .prompt ? logits.map(loaded.backend.values) : nil,
      place: place, session: session)
    cache.withLock { $0.insert(key, sequence.ledger, held) }
  }

  /// Whether states must be kept on the way because they cannot be had by cutting back.
  package var needsSnapshots: Bool { !sequence.state.keepsEveryPosition }

  private func snapshotPositions(_ boundaries: [Int]) -> [Int] {
    guard needsSnapshots else { return [] }
    let interval = SnapshotPlan.interval(
      count: prompt.count, bytes: sequence.state.snapshotBytes, budget: cache.budget)
    return SnapshotPlan.positions(
      reused: reused, count: prompt.count, boundaries: boundaries, interval: interval)
  }
}
