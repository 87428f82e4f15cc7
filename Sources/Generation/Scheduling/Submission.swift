import Synchronization

/// A submitted request with its controls and the consumer of its events.
struct Submission: Sendable {
  /// The model's key.
  let key: String
  let request: GenerationRequest
  let cancellation: CancellationFlag
  let answerNow: AnswerNowFlag
  let started: ContinuousClock.Instant
  let emit: @Sendable (GenerationEvent) -> Void
}

/// The requests that were submitted and that the scheduler has not accepted yet. Thread-safe: a computation polls it to
/// notice a user's turn.
final class SubmissionQueue: Sendable {
  private let submissions = Mutex<[Submission]>([])
  private let count = Atomic<Int>(0)
  private let turns = Atomic<Int>(0)

  /// Appends a request.
  func add(_ submission: Submission) {
    submissions.withLock { $0.append(submission) }
    count.add(1, ordering: .relaxed)
    if submission.request.priority == .turn { turns.add(1, ordering: .relaxed) }
  }

  /// Removes and returns all requests, in the order of submission.
  func takeAll() -> [Submission] {
    let taken = submissions.withLock { submissions in
      defer { submissions.removeAll() }
      return submissions
    }
    count.subtract(taken.count, ordering: .relaxed)
    turns.subtract(taken.count { $0.request.priority == .turn }, ordering: .relaxed)
    return taken
  }

  /// Whether a request waits.
  var hasRequests: Bool { count.load(ordering: .relaxed) > 0 }

  /// Whether a request that waits is to be cancelled.
  var hasCancelled: Bool { submissions.withLock { $0.contains { $0.cancellation.isCancelled } } }

  /// Whether a user's turn waits.
  var hasTurn: Bool { turns.load(ordering: .relaxed) > 0 }
}
