import Compute
import Synchronization

/// The events of a generation, in this order: prefill, tokens, one `done` or `failed`.
public enum GenerationEvent: Sendable {
  /// Progress of the prefill.
  case prefill(PrefillProgress)
  /// The log probabilities of the token that follows, if the request asks for them. An inserted token has none.
  case logProbabilities(TokenLogProbabilities)
  /// A token, and the text that it completed (possibly none).
  case token(id: Int32, text: String)
  case done(GenerationStatistics)
  /// The last event; the message is for the user.
  case failed(String)
}

/// Progress of the prefill.
public struct PrefillProgress: Sendable, Equatable {
  /// Tokens of the whole prompt.
  public var total: Int
  /// Tokens that were in the cache.
  public var reused: Int
  /// Tokens prefilled so far, without the reused ones.
  public var read: Int
  /// What the prompt cache did.
  public var report: ReuseReport
}

/// Why generation ended.
public enum FinishReason: String, Sendable {
  /// The model ended its answer, or a stop string was generated.
  case stop
  /// The token limit, the end of the context or the cache's budget was reached.
  case length
  /// The user stopped it.
  case cancelled
}

/// Statistics of a generation. Times are in seconds.
public struct GenerationStatistics: Sendable {
  /// Why it ended.
  public var finishReason: FinishReason = .stop
  /// Tokens of the whole prompt.
  public var promptTokens = 0
  /// Prompt tokens that were in the cache.
  public var reusedTokens = 0
  /// How they were reused, and why not more.
  public var reuse = ReuseReport()
  /// Tokens of the answer, reasoning included.
  public var generatedTokens = 0
  /// From the start of the request to the first token.
  public var timeToFirstToken = 0.0
  /// Duration of the prefill.
  public var promptTime = 0.0
  /// From the first token to the last.
  public var generationTime = 0.0
  /// Tokens that were proposed and verified.
  public var draftedTokens = 0
  /// Proposed tokens that became part of the answer.
  public var acceptedTokens = 0

  /// Statistics with zeros.
  public init() {}

  /// Statistics of a request that was cancelled before it started.
  static var cancelled: GenerationStatistics {
    var statistics = GenerationStatistics()
    statistics.finishReason = .cancelled
    return statistics
  }

  /// Prefilled tokens per second.
  public var promptRate: Double { rate(promptTokens - reusedTokens, promptTime) }
  /// Generated tokens per second after the first.
  public var generationRate: Double { rate(generatedTokens - 1, generationTime) }

  private func rate(_ count: Int, _ time: Double) -> Double {
    time > 0 && count > 0 ? Double(count) / time : 0
  }
}

/// Cancels a generation from any thread. Takes effect within one layer of a prompt chunk or one token.
public final class CancellationFlag: Sendable {
  /// 0 to continue, 1 to end after the current chunk, 2 to end now.
  private let urgency = Atomic<Int>(0)
  private let observers = Mutex<[@Sendable () -> Void]>([])

  /// A flag that is not set.
  public init() {}

  /// Requests the cancellation.
  public func cancel() {
    urgency.store(2, ordering: .relaxed)
    let observers = observers.withLock { observers in
      defer { observers = [] }
      return observers
    }
    for observer in observers { observer() }
  }
  /// Whether cancellation was requested.
  public var isCancelled: Bool { urgency.load(ordering: .relaxed) == 2 }

  /// Calls `observer` when cancellation is requested, or now if it was.
  func notify(_ observer: @escaping @Sendable () -> Void) {
    observers.withLock { $0.append(observer) }
    if isCancelled { observer() }
  }

  /// Requests that no further chunk be started. The current chunk continues, since the next request can reuse it.
  func retire() { urgency.max(1, ordering: .relaxed) }
  /// Whether no further chunk may be started.
  var isRetired: Bool { urgency.load(ordering: .relaxed) > 0 }
}
