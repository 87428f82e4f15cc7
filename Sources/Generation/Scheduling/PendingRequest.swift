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

/// A request that has not started. Its prompt is encoded when it is first considered.
struct PendingRequest {
  let submission: Submission
  let group: RequestGroup
  private var prompt: (tokens: [Int32], boundaries: [Int])?

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
}
