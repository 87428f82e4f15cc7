import Foundation
import Tokenization

/// A thread-safe prompt cache. Operations are short: a caller waits at most for a look-up or for encoding a prompt.
package final class SharedPromptCache: @unchecked Sendable {
  // `cache` is accessed only while `lock` is held. What leaves it are forks and held states, which are immutable.
  private let lock = NSLock()
  private let cache: PromptCache

  /// Shares a cache. Its creator must not access it while others do.
  package init(_ cache: PromptCache) { self.cache = cache }

  /// An empty cache.
  /// - Parameter budget: in bytes.
  convenience init(budget: Int) { self.init(PromptCache(budget: budget)) }

  /// The byte limit of all held sequences and the active one together.
  var budget: Int { cache.budget }

  /// Calls `body` with exclusive access to the cache.
  package func withLock<Result, Failure: Error>(
    _ body: (PromptCache) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    lock.lock()
    defer { lock.unlock() }
    return try body(cache)
  }

  /// A prompt's token ids, using held ids where they match, and the message boundaries in tokens.
  func encode(
    _ prompt: Prompt, _ model: String, tokenizer: Tokenizer?
  ) throws(GenerationError) -> (tokens: [Int32], boundaries: [Int]) {
    try withLock { cache throws(GenerationError) in
      try prompt.encoded(tokenizer: tokenizer, held: cache.tree(model))
    }
  }
}
