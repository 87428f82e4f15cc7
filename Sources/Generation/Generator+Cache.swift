import Tokenization

// Queries of the cache. They don't wait for computations.
extension Generator {
  /// The bytes held, the budget in bytes, and the content by model.
  public nonisolated func cacheHoldings() -> (held: Int, budget: Int, models: [CacheHolding]) {
    cache.withLock { ($0.heldBytes, $0.budget, $0.holdings()) }
  }

  /// A query for how much of a prompt a model's cache holds.
  public struct ReuseQuestion: Sendable {
    /// The model's key.
    public let key: String
    let prompt: Prompt
    let tokenizer: Tokenizer

    /// A query for a model, resident or not.
    public init(key: String, prompt: Prompt, tokenizer: Tokenizer) {
      self.key = key
      self.prompt = prompt
      self.tokenizer = tokenizer
    }
  }

  /// How much of a prompt a model's cache holds.
  public struct HeldPart: Sendable {
    /// Tokens that would be reused.
    public let reusable: Int
    /// Tokens that would be prefilled.
    public let unread: Int
    /// The expected duration of the prefill in seconds; nil if the model's speed is not known yet.
    public let seconds: Double?
  }

  /// Answers queries; nil for a prompt that can't be encoded.
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

  /// Clears all caches.
  /// - Returns: the bytes that were freed. A running request keeps its own caches until it ends.
  public nonisolated func clearCaches() -> Int { cache.withLock { cache in cache.removeAll() } }
}
