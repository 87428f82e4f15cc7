import Basics
import Synchronization

/// Follows the loading of a model, on the thread that loads it.
///
/// Weights that are used in place take no time. Those that are repacked (GPTQ, AWQ, BitNet) or copied to a device take
/// seconds.
public struct LoadingObserver: Sendable {
  /// Called after each weight with the share of all bytes that are loaded, 0 to 1.
  let report: @Sendable (_ share: Double) -> Void
  /// Whether to stop. Asked before each weight; loading then throws `CancellationError`.
  let isCancelled: @Sendable () -> Bool

  /// An observer.
  public init(
    report: @escaping @Sendable (_ share: Double) -> Void, isCancelled: @escaping @Sendable () -> Bool
  ) {
    self.report = report
    self.isCancelled = isCancelled
  }

  /// An observer of loads that take longer than `delay`.
  /// - Parameter report: called with each new whole percent after the delay.
  public static func slow(
    after delay: Duration = .seconds(1), report: @escaping @Sendable (_ percent: Int) -> Void,
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) -> LoadingObserver {
    let start = ContinuousClock.now, latest = LatestPercent()
    return LoadingObserver(
      report: { share in
        let percent = Int((share * 100).rounded(.down))
        guard ContinuousClock.now - start >= delay, latest.isNew(percent) else { return }
        report(percent)
      }, isCancelled: isCancelled)
  }
}

/// The last percent that was reported.
private final class LatestPercent: Sendable {
  private let value = Atomic<Int>(-1)

  func isNew(_ percent: Int) -> Bool { value.exchange(percent, ordering: .relaxed) != percent }
}

/// A source that tells an observer what is taken from it. For one thread.
final class ObservedWeights: WeightSource {
  private let source: any WeightSource
  /// Bytes of all weights.
  private let total: Int
  private let observer: LoadingObserver
  private var loaded = 0

  init(_ source: any WeightSource, bytes total: Int, _ observer: LoadingObserver) {
    self.source = source
    self.total = total
    self.observer = observer
  }

  func contains(_ name: String) -> Bool { source.contains(name) }

  func skip(_ name: String) { source.skip(name) }

  func storedWeight(_ name: String, shape: [Int]) throws -> Weight {
    if observer.isCancelled() { throw CancellationError() }
    let weight = try source.storedWeight(name, shape: shape)
    loaded += weight.values.count + (weight.scales?.count ?? 0) + (weight.biases?.count ?? 0)
    // Repacked weights may be larger than they are in the file.
    observer.report(min(Double(loaded) / Double(max(total, 1)), 1))
    return weight
  }
}
