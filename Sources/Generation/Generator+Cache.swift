import Tokenization

// What the cache holds. None of this waits for what is computed.
extension Generator {
  /// What the cache holds, model by model, and its budget in bytes.
  public nonisolated func cacheHoldings() -> (held: Int, budget: Int, models: [CacheHolding]) {
    cache.withLock { ($0.heldBytes, $0.budget, $0.holdings()) }
  }

  /// A prompt of which it is asked how much is held.
  public struct ReuseQuestion: Sendable {
    /// The model's key.
    public let key: String
    let prompt: Prompt
    let tokenizer: Tokenizer

    /// What a model, resident or not, holds of a prompt.
    public init(key: String, prompt: Prompt, tokenizer: Tokenizer) {
      self.key = key
      self.prompt = prompt
      self.tokenizer = tokenizer
    }
  }

  /// What a model holds of a prompt.
  public struct HeldPart: Sendable {
    /// Tokens that would not have to be read.
    public let reusable: Int
    /// Tokens that would have to be.
    public let unread: Int
    /// The seconds that this is likely to take; nil where the model has read too little to tell.
    public let seconds: Double?
  }

  /// What models hold of prompts; nil for a prompt that cannot be read.
  public nonisolated func heldParts(_ questions: [ReuseQuestion]) -> [HeldPart?] {
    questions.map { question in
      let encoded = try? cache.encode(question.prompt, question.key, tokenizer: question.tokenizer)
      guard let tokens = encoded?.tokens else { return nil }
      let reusable = cache.withLock { $0.reusable(question.key, tokens) }
      let unread = tokens.count - reusable
      let rate = rates.withLock { $0[question.key] }
      return HeldPart(reusable: reusable, unread: unread, seconds: rate.map { Double(unread) / $0 })
    }
  }

  /// Forgets all caches.
  /// - Returns: the bytes that came free; an answer that is being written keeps its own to its end.
  public nonisolated func clearCaches() -> Int { cache.withLock { cache in cache.removeAll() } }
}
