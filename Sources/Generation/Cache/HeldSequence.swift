import Compute
import Models

/// A sequence state in the prompt cache, from which later prompts resume. It is never advanced itself; a request
/// resumes from a fork.
package final class HeldSequence {
  /// The point in a conversation at which a state was stored.
  package enum Place: Sendable, Hashable {
    /// The end of an answer, complete or stopped.
    case answer
    /// The end of a prompt, before its answer.
    case prompt
    /// The start of a message.
    case message
    /// A position inside a long prompt.
    case interval
    /// The end of a history that was prefilled speculatively.
    case history
    /// The end of the stable part of a draft.
    case draft
    /// The end of the prompt that a draft would become if it were sent, with the logits after it.
    case rested

    /// Whether it belongs to a draft, which is stale once the draft has changed or was sent.
    package var isOfDraft: Bool { self == .draft || self == .rested }
  }

  package let state: SequenceState
  /// The logits after the last token, for a prompt that is repeated.
  package var logits: [Float]? { logitsBlock?.values }
  private let logitsBlock: LogitsBlock?
  package let place: Place
  /// Whether it was loaded from disk.
  package let isFromDisk: Bool
  /// The sessions whose conversation these tokens are; none for a head. The sequence is saved with each of them, and
  /// removed with the last one. Other sessions may reuse a common prefix.
  package internal(set) var sessions: Set<String>
  /// The cache's clock at the last use.
  package var lastUse = 0
  /// Its id in the cache's memory accounting.
  var number = 0
  /// Bytes of the blocks that no other held sequence shares.
  package internal(set) var ownBytes = 0

  package init(
    state: SequenceState, logits: [Float]? = nil, place: Place, isFromDisk: Bool = false,
    session: String? = nil
  ) {
    self.state = state
    logitsBlock = logits.map { LogitsBlock($0) }
    self.place = place
    self.isFromDisk = isFromDisk
    sessions = session.map { [$0] } ?? []
  }

  /// Whether it belongs to all sessions of another sequence. A head belongs to no session, and is not replaced by a
  /// state that does.
  func isOwned(bySessionsOf other: HeldSequence) -> Bool {
    sessions.isSuperset(of: other.sessions) && sessions.isEmpty == other.sessions.isEmpty
  }

  /// Calls `body` with every block of memory that it holds, shared blocks included.
  package func forEachBlock(_ body: (any CacheBlock) -> Void) {
    state.forEachBlock(body)
    if let logitsBlock { body(logitsBlock) }
  }
}

/// Logits as a counted block of memory.
private final class LogitsBlock: CacheBlock {
  let values: [Float]
  init(_ values: [Float]) { self.values = values }
  var byteCount: Int { values.count * MemoryLayout<Float>.stride }
}
