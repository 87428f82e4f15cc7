import Synchronization

/// What happens while text is generated, in this order: prefill, tokens, one `done` or `failed`.
public enum GenerationEvent: Sendable {
  /// The prompt is being read.
  case prefill(PrefillProgress)
  /// A token and the text that became complete with it (possibly none).
  case token(id: Int32, text: String)
  case done(GenerationStatistics)
  /// Nothing more comes; the message is for the person.
  case failed(String)
}

/// How far the prompt has been read.
public struct PrefillProgress: Sendable, Equatable {
  /// Tokens of the whole prompt.
  public var total: Int
  /// Tokens that were in the cache.
  public var reused: Int
  /// Tokens read so far, the reused ones not counted.
  public var read: Int
  /// What the prompt cache did.
  public var report: ReuseReport
}

/// Why generation ended.
public enum FinishReason: String, Sendable {
  /// The model ended its answer, or a stop string came.
  case stop
  /// The token limit, or the end of the context or of the cache's budget, was reached.
  case length
  /// The person stopped it.
  case cancelled
}

/// What generating cost. Times in seconds.
public struct GenerationStatistics: Sendable {
  /// Why it ended.
  public var finishReason: FinishReason = .stop
  /// Tokens of the whole prompt.
  public var promptTokens = 0
  /// Prompt tokens that were in the cache and were not read again.
  public var reusedTokens = 0
  /// How they were had, and why not more.
  public var reuse = ReuseReport()
  /// Tokens of the answer, thoughts included.
  public var generatedTokens = 0
  /// From the start of the request until the first token was known.
  public var timeToFirstToken = 0.0
  /// Reading the new part of the prompt.
  public var promptTime = 0.0
  /// From the first token to the last.
  public var generationTime = 0.0

  /// Nothing yet.
  public init() {}

  /// Of a request that was stopped before anything was done.
  static var cancelled: GenerationStatistics {
    var statistics = GenerationStatistics()
    statistics.finishReason = .cancelled
    return statistics
  }

  /// New prompt tokens read per second.
  public var promptRate: Double { rate(promptTokens - reusedTokens, promptTime) }
  /// Tokens per second after the first.
  public var generationRate: Double { rate(generatedTokens - 1, generationTime) }

  private func rate(_ count: Int, _ time: Double) -> Double {
    time > 0 && count > 0 ? Double(count) / time : 0
  }
}

/// Stops a generation from any thread; takes effect at most one layer of a prompt chunk or one token later.
public final class CancellationFlag: Sendable {
  /// 0, or 1 to end behind the chunk at hand, or 2 to end now.
  private let urgency = Atomic<Int>(0)

  /// A flag that is not set.
  public init() {}

  /// Asks for the stop.
  public func cancel() { urgency.store(2, ordering: .relaxed) }
  /// Whether it was asked for.
  public var isCancelled: Bool { urgency.load(ordering: .relaxed) == 2 }

  /// Asks that no further chunk be begun: the one at hand is of use to what comes next.
  func retire() { urgency.max(1, ordering: .relaxed) }
  /// Whether no further chunk may be begun.
  var isRetired: Bool { urgency.load(ordering: .relaxed) > 0 }
}
