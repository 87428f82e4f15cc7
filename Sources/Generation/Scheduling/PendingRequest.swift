import Models

/// The requests that can share passes: those of one model and one priority.
struct RequestGroup: Equatable {
  let key: String
  let isTurn: Bool

  init(_ submission: Submission) {
    key = submission.key
    isTurn = submission.request.priority == .turn
  }
}

extension GenerationRun {
  /// The requests that it can share passes with.
  var group: RequestGroup { RequestGroup(submission) }
}

/// A request that has not started. Its prompt is encoded when it is first considered, and compared once with that of
/// each running request.
struct PendingRequest {
  /// A running request whose prompt starts with the same tokens.
  struct Relative {
    weak var run: GenerationRun?
    /// The number of tokens that both prompts start with.
    let common: Int
  }

  let submission: Submission
  let group: RequestGroup
  private var prompt: (tokens: [Int32], boundaries: [Int])?
  private var relatives: [Relative] = []
  /// The number of the next run to compare with.
  private var next = 0
  /// The run that will publish a prefix of the prompt, and the length of that.
  private var awaited: Relative?

  init(_ submission: Submission) {
    self.submission = submission
    group = RequestGroup(submission)
  }

  /// The prompt's token ids and the message boundaries in tokens. A turn uses held ids where they match; the ids of a
  /// batch don't depend on what the cache holds.
  mutating func encode(
    _ loaded: LoadedModel, _ cache: SharedPromptCache
  ) throws(GenerationError) -> (tokens: [Int32], boundaries: [Int]) {
    if let prompt { return prompt }
    let source = submission.request.prompt
    let encoded =
      group.isTurn
      ? try cache.encode(source, submission.key, tokenizer: loaded.tokenizer)
      : try source.encoded(tokenizer: loaded.tokenizer, held: PromptCache.Tree())
    prompt = encoded
    return encoded
  }

  /// The running request that shares the longest prefix of at least `least` tokens.
  mutating func closest(of running: [GenerationRun], least: Int) -> (run: GenerationRun, common: Int)? {
    guard let tokens = prompt?.tokens, !submission.request.isCold else { return nil }
    relatives.removeAll { $0.run?.end != nil || $0.run == nil }
    for run in running where run.number >= next {
      next = run.number + 1
      guard run.group == group, !run.submission.request.isCold else { continue }
      // At least one token is left to process.
      let common = min(zip(run.reader.prompt, tokens).prefix { $0 == $1 }.count, tokens.count - 1)
      if common >= least { relatives.append(Relative(run: run, common: common)) }
    }
    guard let best = relatives.max(by: { $0.common < $1.common }), let run = best.run else { return nil }
    return (run, best.common)
  }

  /// Records that the request waits until a run has processed a prefix.
  mutating func wait(for run: GenerationRun, count: Int) { awaited = Relative(run: run, common: count) }

  /// Whether the request still waits for a prefix.
  var waitsForPrefix: Bool {
    guard let awaited, let run = awaited.run else { return false }
    return run.phase == .prefilling && run.reader.sequence.ledger.count < awaited.common
  }
}
