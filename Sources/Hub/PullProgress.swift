import Synchronization

/// The progress of a fetch, which other threads may read at any time.
public final class PullProgress: Sendable {
  /// The bytes on disk and in all files; and what is waited for, such as a busy host.
  public struct Report: Sendable, Equatable {
    /// The bytes on disk.
    public var done = 0
    /// The bytes of all files.
    public var total = 0
    /// What is waited for; empty for nothing.
    public var note = ""
  }

  private let state = Mutex(Report())

  /// No bytes.
  public init() {}

  /// The current state.
  public var report: Report { state.withLock { $0 } }

  func update(_ change: (inout Report) -> Void) { state.withLock { change(&$0) } }
}
