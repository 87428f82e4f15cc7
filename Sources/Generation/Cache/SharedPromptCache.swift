import Foundation
import Tokenization

/// A prompt cache that any thread may ask and change at any time, also while the generator computes.
///
/// Nothing that is done with it computes: whoever comes second waits for a look-up, or for the encoding of a prompt.
package final class SharedPromptCache: @unchecked Sendable {
  // `cache` is touched only while `lock` is held. What is taken out of it are forks, and held states, which nobody
  // changes.
  private let lock = NSLock()
  private let cache: PromptCache

  /// Shares a cache. Whoever made it uses it directly only while nobody else does.
  package init(_ cache: PromptCache) { self.cache = cache }

  /// An empty cache.
  /// - Parameter budget: in bytes.
  convenience init(budget: Int) { self.init(PromptCache(budget: budget)) }

  /// Bytes that all held sequences and the one in use may take together.
  var budget: Int { cache.budget }

  /// Does something with the cache while nobody else does.
  package func withLock<Result, Failure: Error>(
    _ body: (PromptCache) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    lock.lock()
    defer { lock.unlock() }
    return try body(cache)
  }

  /// A prompt's tokens, those that are held of a model keeping their ids, and where its messages begin among them.
  func encode(
    _ prompt: Prompt, _ model: String, tokenizer: Tokenizer?
  ) throws(GenerationError) -> (tokens: [Int32], boundaries: [Int]) {
    try withLock { cache throws(GenerationError) in
      try prompt.encoded(tokenizer: tokenizer, held: cache.tree(model))
    }
  }
}
