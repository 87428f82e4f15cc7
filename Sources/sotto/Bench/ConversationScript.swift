import Generation

/// The conversation that `sotto bench --conversation` plays: what a person does to one, in token ids, so that
/// it works for made-up weights too.
///
/// First a number of plain turns; then each of the moves that could cost the reading of everything again.
struct ConversationScript {
  let generator: Generator
  /// The model that is measured.
  let key: String
  /// Another one, to switch to and back from.
  let otherKey: String
  let vocabularyCount: Int
  let message: Int
  let answer: Int
  /// Tokens of the draft that is typed ahead.
  let draft: Int
  /// A cold start is measured for every turn whose number this divides.
  let coldEvery: Int
  let note: (String) -> Void

  private(set) var turns: [ConversationTurn] = []
  /// What was said, up to the end of each answer.
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

  /// Plays `count` plain turns and all moves after them.
  mutating func play(turns count: Int) async throws {
    for _ in 0..<count { try await say(.append, behind: history.count - 1) }
    let last = history.count - 1
    try await beginAnew(with: history[last - 1].count - answer)
    try await say(.editLast, behind: last - 1)
    try await ask(.regenerate, prompt(behind: last - 1, message: message), again: true)
    if last >= 3 { try await say(.editThreeBack, behind: last - 3) }
    try await say(.append, behind: last)
    try await switchAndBack()
    try await stripReasoning()
    try await say(.longMessage, behind: history.count - 1, message: draft)
    try await typeAhead()
    try await restart()
  }

  /// A conversation of its own, whose first message has `count` tokens, so that its second turn stands behind as
  /// much as the latest plain one did.
  private mutating func beginAnew(with count: Int) async throws {
    guard count > 0 else { return }
    let first = tokens(count)
    note("reading \(count) tokens, the first turn of another conversation")
    let said = try await generate(key, first, answer).tokens
    try await ask(.secondTurn, first + said + tokens(message))
  }

  /// The same turn without and with a restart: all is saved, forgotten and taken in from disk.
  private mutating func restart() async throws {
    try await say(.append, behind: history.count - 1)
    await generator.save(session: Self.session)
    _ = generator.clearCaches()
    await generator.restore(session: Self.session, for: key)
    try await say(.restart, behind: history.count - 1)
  }

  /// One turn behind an earlier one.
  private mutating func say(
    _ kind: ConversationTurn.Kind, behind turn: Int, message: Int? = nil
  ) async throws {
    let prompt = prompt(behind: turn, message: message ?? self.message)
    history.append(try await ask(kind, prompt))
  }

  private mutating func prompt(behind turn: Int, message: Int) -> [Int32] {
    history[max(0, turn)] + tokens(message)
  }

  private mutating func tokens(_ count: Int) -> [Int32] {
    (0..<count).map { _ in Int32.random(in: 0..<Int32(vocabularyCount), using: &random) }
  }

  /// Asks, and measures the same prompt without a cache.
  /// - Parameter again: ask twice, and count the second time.
  /// - Returns: the prompt with its answer.
  @discardableResult
  private mutating func ask(
    _ kind: ConversationTurn.Kind, _ prompt: [Int32], of key: String? = nil, again: Bool = false
  ) async throws -> [Int32] {
    let key = key ?? self.key
    note("turn \(turns.count + 1): \(kind.rawValue), \(prompt.count) tokens")
    // Less than anybody takes to read an answer and to write the next message.
    try await Task.sleep(for: .milliseconds(500))
    if again { _ = try await generate(key, prompt, answer) }
    let (said, statistics) = try await generate(key, prompt, answer)
    var cold: Double?
    if (turns.count + 1).isMultiple(of: coldEvery) {
      cold = try await generate(key, prompt, 1, isCold: true).statistics.timeToFirstToken
    }
    turns.append(
      ConversationTurn(
        kind: kind, promptTokens: statistics.promptTokens, reused: statistics.reusedTokens,
        how: statistics.reuse.kind.rawValue, timeToFirstToken: statistics.timeToFirstToken,
        coldTimeToFirstToken: cold))
    return prompt + said
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
      case .prefill: break
      case .token(let id, _): if id >= 0 { tokens.append(id) }
      case .done(let statistics): return (tokens, statistics)
      case .failed(let message): throw CommandError(message)
      }
    }
    throw CommandError("the generation ended without a result")
  }

  static let session = "bench"

  /// The other model answers the same conversation, and this one goes on with it.
  private mutating func switchAndBack() async throws {
    let prompt = prompt(behind: history.count - 1, message: message)
    let other = try await ask(.switchAway, prompt, of: otherKey)
    history.append(try await ask(.switchBack, other + tokens(message)))
  }

  /// Thoughts that the template drops from the history, which is read again while the person reads.
  private mutating func stripReasoning() async throws {
    let prompt = prompt(behind: history.count - 1, message: message)
    let said = try await ask(.reasoning, prompt)
    let canonical = prompt + said.suffix(answer / 2)
    await generator.readAhead(
      key, ReadAheadRequest(prompt: .tokens(canonical), purpose: .history, session: Self.session))
    history.append(try await ask(.reasoningStripped, canonical + tokens(message)))
  }

  /// A draft that is read in steps as it grows, all but its last word.
  private mutating func typeAhead() async throws {
    let base = history[history.count - 1]
    let draft = tokens(draft)
    for end in stride(from: 8, to: draft.count - 4, by: 8) {
      await generator.readAhead(
        key,
        ReadAheadRequest(prompt: .tokens(base + draft[..<end]), purpose: .draft, session: Self.session))
    }
    history.append(try await ask(.typedAhead, base + draft))
  }
}
