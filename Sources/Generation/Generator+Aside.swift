import Compute
import Models

// Short answers on the side, such as a title for a conversation. They leave the prompt cache as it is.
extension Generator {
  /// Generates a few tokens greedily while nothing else is to do, on a fork of what the prompt cache holds.
  ///
  /// Nothing is stored in the prompt cache and nothing is evicted from it. Every other request cancels it: a generation,
  /// a speculative prefill, another aside.
  /// - Parameters:
  ///   - limit: the most tokens to generate.
  ///   - unread: the most tokens of the prompt that the cache may lack.
  ///   - isComplete: whether the tokens so far suffice. Called after each token.
  /// - Returns: the tokens, without one that ends the answer; nil if the aside was cancelled, if its prompt exceeds a
  ///   limit, or if the memory budget of the caches has no room for it.
  public nonisolated func aside(
    _ key: String, _ prompt: Prompt, limit: Int, unread: Int = 512,
    isComplete: @escaping @Sendable ([Int32]) -> Bool
  ) async -> [Int32]? {
    let flag = asides.start()
    models.withLock { $0.hold(key) }
    return await answer(key, prompt, limit, unread, flag, isComplete)
  }

  /// Cancels the aside. It ends within a layer.
  public nonisolated func stopAside() { asides.stop() }

  /// Tokens of a pass over the prompt.
  private static let chunk = 128

  private func answer(
    _ key: String, _ prompt: Prompt, _ limit: Int, _ unread: Int, _ flag: CancellationFlag,
    _ isComplete: @escaping @Sendable ([Int32]) -> Bool
  ) -> [Int32]? {
    defer { release(key) }
    // What another model has cached of the conversation is no help: the model that computed last answers.
    guard !flag.isCancelled, !hasRequests, latest == key, let loaded = model(key),
      let tokens = try? cache.encode(prompt, key, tokenizer: loaded.tokenizer).tokens,
      tokens.count + limit < loaded.model.facts.contextLength,
      let found = fork(key, tokens, room: limit), tokens.count - found.length <= unread
    else { return nil }
    // The memory that was prepared for the next turn is used by this one, and prepared again.
    defer { prepare(found.state, loaded) }
    let state = found.state.fork()
    return try? generate(
      after: tokens[found.length...], in: state, loaded, limit: limit, flag, isComplete)
  }

  /// A fork of the closest held sequence; nil if there is none, or if the answer does not fit into the budget beside all
  /// that is held.
  private func fork(_ key: String, _ tokens: [Int32], room: Int) -> PromptCache.Found? {
    cache.withLock { cache in
      // At least one token is processed: the cache may hold the logits of the whole prompt, but need not.
      guard let found = cache.find(key, tokens), found.length < tokens.count else { return nil }
      let state = found.state
      let growth = max(0, state.expectedBytes(at: tokens.count + room) - state.bytes) + state.snapshotBytes
      return cache.heldBytes + growth <= cache.budget ? found : nil
    }
  }

  /// - Throws: what the model throws; `CancellationError` if the aside was cancelled.
  private func generate(
    after prompt: ArraySlice<Int32>, in state: SequenceState, _ loaded: LoadedModel, limit: Int,
    _ flag: CancellationFlag, _ isComplete: ([Int32]) -> Bool
  ) throws -> [Int32] {
    func process(_ tokens: [Int32]) throws -> Tensor {
      if flag.isCancelled { throw CancellationError() }
      guard tokens.allSatisfy({ $0 >= 0 && Int($0) < loaded.model.facts.vocabularyCount }) else {
        throw CancellationError()
      }
      var input = ForwardInput(tokens: tokens, sequence: state)
      if loaded.backend is any InterruptibleBackend { input.isInterrupted = { flag.isCancelled } }
      return try loaded.model.forward(input)
    }
    var logits: Tensor?
    for start in stride(from: prompt.startIndex, to: prompt.endIndex, by: Self.chunk) {
      logits = try process(Array(prompt[start..<min(start + Self.chunk, prompt.endIndex)]))
    }
    let ends = Set(loaded.tokenizer?.endOfGenerationTokens ?? [])
    var result: [Int32] = []
    while let row = logits, let id = try loaded.sample(row, [.greedy]).first, !ends.contains(id) {
      result.append(id)
      if result.count == limit || isComplete(result) { break }
      logits = try process([id])
    }
    return result
  }
}
