import Checkpoints
import Compute

extension Registry {
  /// What is found out about a model when it is loaded.
  public struct Trial: Sendable {
    /// Why it cannot be used; nil if it can, or if that was not found out.
    public let problem: String?
    /// What may be wrong with it, in one line each.
    public let warnings: [String]
  }

  /// Loads a model on the processor, which shows whether its tensors fit its configuration.
  /// - Parameter limit: loading ends after this time; weights that are rearranged in memory need longer than others.
  public static func trial(_ checkpoint: Checkpoint, limit: Duration) -> Trial {
    let end = ContinuousClock.now + limit
    let observer = LoadingObserver(report: { _ in }, isCancelled: { ContinuousClock.now > end })
    var warnings: [String] = []
    do {
      _ = try model(
        checkpoint, backend: CPUBackend(precision: .exact, threads: 1), observer: observer,
        warn: { warnings.append($0) })
    } catch is CancellationError {
      warnings.append(
        "whether all tensors are used was not checked: loading takes longer than \(limit.components.seconds) seconds"
      )
    } catch {
      return Trial(problem: "\(error)", warnings: [])
    }
    return Trial(problem: nil, warnings: warnings)
  }
}
