import Compute
import Models

/// A state that the prompt cache keeps so that a later prompt can go on from it. It is never run forward
/// itself: whoever goes on takes a fork.
package final class HeldSequence {
  /// Where in a conversation a state was taken.
  package enum Place: Sendable, Hashable {
    /// At the end of an answer, or where one was stopped.
    case answer
    /// At the end of a prompt, before its answer.
    case prompt
    /// Where a message begins.
    case message
    /// Inside a long prompt.
    case interval
    /// At the end of a history that was read in the background.
    case history
    /// Behind the stable part of a draft.
    case draft
  }

  package let state: SequenceState
  /// The logits after the last token, where the next prompt may be the same one again.
  package var logits: [Float]? { logitsBlock?.values }
  private let logitsBlock: LogitsBlock?
  package let place: Place
  /// Whether it came out of a file.
  package let isFromDisk: Bool
  /// The conversation in which it was read. Others may take it up as far as they begin alike, but what is in it
  /// stays this one's: to be saved with it, and to be forgotten with it.
  package let session: String?
  /// The cache's clock at its last use.
  package var lastUse = 0
  /// Its number in the cache's memory.
  var number = 0
  /// Bytes that no other held sequence shares.
  package internal(set) var ownBytes = 0

  package init(
    state: SequenceState, logits: [Float]? = nil, place: Place, isFromDisk: Bool = false,
    session: String? = nil
  ) {
    self.state = state
    logitsBlock = logits.map { LogitsBlock($0) }
    self.place = place
    self.isFromDisk = isFromDisk
    self.session = session
  }

  /// Calls `body` with every block of memory that it holds; blocks are shared with others.
  package func forEachBlock(_ body: (any CacheBlock) -> Void) {
    state.forEachBlock(body)
    if let logitsBlock { body(logitsBlock) }
  }
}

/// Logits that are held, as memory that is counted.
private final class LogitsBlock: CacheBlock {
  let values: [Float]
  init(_ values: [Float]) { self.values = values }
  var byteCount: Int { values.count * MemoryLayout<Float>.stride }
}
