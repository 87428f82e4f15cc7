import Generation

/// The conversation of `sotto bench --conversation`: typical actions of a user, in token ids, so that it also works with
/// random weights.
///
/// It starts with plain turns, followed by all actions that could require a full prefill.
struct ConversationScript {
  let generator: Generator
  /// The key of the measured model.
  let key: String
  /// The key of the model for the switches.
  let otherKey: String
  let vocabularyCount: Int
  let message: Int
  let answer: Int
  /// The tokens of the draft with speculative prefill.
  let draft: Int
  /// A cold start is measured for every turn whose number is a multiple of this.
  let coldEvery: Int
  let note: (String) -> Void

  private(set) var turns: [ConversationTurn] = []
  /// The tokens of the conversation up to the end of each answer.
  private var history: [[Int32]] = [[]]
  private var random = SystemRandomNumberGenerator()

  init(
    generator: Generator, key: String, otherKey: String, vocabularyCount: Int, message: Int, answer: Int,
    draft: Int, coldEvery: Int, note: @escaping (String) -> Void
  ) {
    self.generator = generator
    self.key = key
    self.otherKey = otherKey
    self.vocabularyCount = vocabularyCount
    self.message = message
    self.answer = answer
    self.draft = draft
    self.coldEvery = coldEvery
    self.note = note
  }

  /// Runs `count` plain turns followed by all actions.
  mutating func run(turns count: Int) async throws {
    for _ in 0..<count { try await send(.append, after: history.count - 1) }
    let last = history.count - 1
    try await startNewConversation(firstMessage: history[last - 1].count - answer)
    try await send(.editLast, after: last - 1)
    try await measure(.regenerate, prompt(after: last - 1, message: message), repeated: true)
    if last >= 3 { try await send(.editThreeBack, after: last - 3) }
    try await send(.append, after: last)
    try await switchAndBack()
    try await stripReasoning()
    try await send(.longMessage, after: history.count - 1, message: draft)
    try await typeAhead(.typedAhead)
    try await typeAhead(.rested)
    try await typeAhead(.restedAndEdited)
    try await restart()
  }

  /// A new conversation whose first message has `count` tokens, so that its second turn has the same context length as
  /// the last plain turn.
  private mutating func startNewConversation(firstMessage count: Int) async throws {
    guard count > 0 else { return }
    let first = tokens(count)
    note("prefill of \(count) tokens, the first turn of another conversation")
    let generated = try await generate(key, first, answer).tokens
    try await measure(.secondTurn, first + generated + tokens(message))
  }

  /// The same turn without and with a restart, which saves the caches, clears them and restores them from disk.
  private mutating func restart() async throws {
    try await send(.append, after: history.count - 1)
    await generator.save(session: Self.session)
    _ = generator.clearCaches()
    await generator.restore(session: Self.session, for: key)
    try await send(.restart, after: history.count - 1)
  }

  /// One turn after an earlier one.
  private mutating func send(
    _ kind: ConversationTurn.Kind, after turn: Int, message: Int? = nil
  ) async throws {
    let prompt = prompt(after: turn, message: message ?? self.message)
    history.append(try await measure(kind, prompt))
  }

  private mutating func prompt(after turn: Int, message: Int) -> [Int32] {
    history[max(0, turn)] + tokens(message)
  }

  private mutating func tokens(_ count: Int) -> [Int32] {
    (0..<count).map { _ in Int32.random(in: 0..<Int32(vocabularyCount), using: &random) }
  }

  /// Measures the generation for a prompt, and at intervals a cold start for the same prompt.
  /// - Parameter repeated: generate twice and measure the second time.
  /// - Returns: the prompt with its answer.
  @discardableResult
  private mutating func measure(
    _ kind: ConversationTurn.Kind, _ prompt: [Int32], of key: String? = nil, repeated: Bool = false
  ) async throws -> [Int32] {
    let key = key ?? self.key
    note("turn \(turns.count + 1): \(kind.rawValue), \(prompt.count) tokens")
    // Less time than a user needs to read an answer and to write the next message.
    try await Task.sleep(for: .milliseconds(500))
    if repeated { _ = try await generate(key, prompt, answer) }
    let (generated, statistics) = try await generate(key, prompt, answer)
    var cold: Double?
    if (turns.count + 1).isMultiple(of: coldEvery) {
      cold = try await generate(key, prompt, 1, isCold: true).statistics.timeToFirstToken
    }
    turns.append(
      ConversationTurn(
        kind: kind, promptTokens: statistics.promptTokens, reused: statistics.reusedTokens,
        how: statistics.reuse.kind.rawValue, timeToFirstToken: statistics.timeToFirstToken,
        coldTimeToFirstToken: cold))
    return prompt + generated
  }

  private func generate(
    _ key: String, _ prompt: [Int32], _ count: Int, isCold: Bool = false
  ) async throws -> (tokens: [Int32], statistics: GenerationStatistics) {
    var request = GenerationRequest(
      prompt: .tokens(prompt), sampling: SamplingSettings(temperature: 0), maxTokens: count,
      session: Self.session)
    request.isCold = isCold
    var tokens: [Int32] = []
    for await event in generator.generate(key, request) {
      switch event {
      case .prefill, .logProbabilities: break
      case .token(let id, _): if id >= 0 { tokens.append(id) }
      case .done(let statistics): return (tokens, statistics)
      case .failed(let message): throw CommandError(message)
      }
    }
    throw CommandError("the generation ended without a result")
  }

  static let session = "bench"

  /// The other model answers in the same conversation, and the measured model continues it.
  private mutating func switchAndBack() async throws {
    let prompt = prompt(after: history.count - 1, message: message)
    let other = try await measure(.switchAway, prompt, of: otherKey)
    history.append(try await measure(.switchBack, other + tokens(message)))
  }

  /// A turn with reasoning, which the template drops from the history. The new history is prefilled speculatively.
  private mutating func stripReasoning() async throws {
    let prompt = prompt(after: history.count - 1, message: message)
    let generated = try await measure(.reasoning, prompt)
    let canonical = prompt + generated.suffix(answer / 2)
    await readAhead(canonical, .history)
    history.append(try await measure(.reasoningStripped, canonical + tokens(message)))
  }

  /// A draft that is prefilled speculatively in steps, except for its last word; to its end if it rests.
  private mutating func typeAhead(_ kind: ConversationTurn.Kind) async throws {
    let base = history[history.count - 1]
    let draft = tokens(draft)
    for end in stride(from: 8, to: draft.count - 4, by: 8) {
      await readAhead(base + draft[..<end], .draft)
    }
    if kind != .typedAhead { await readAhead(base + draft, .turn) }
    let sent = kind == .restedAndEdited ? draft.dropLast(4) + tokens(4) : draft
    history.append(try await measure(kind, base + sent))
  }

  private func readAhead(_ tokens: [Int32], _ purpose: ReadAheadRequest.Purpose) async {
    await generator.readAhead(
      key, ReadAheadRequest(prompt: .tokens(tokens), purpose: purpose, session: Self.session))
  }
}
