import Compute
import Models
import Synchronization
import Testing

struct LoadingObserverTests {
  private final class Log: Sendable {
    let shares = Mutex<[Double]>([])
    let percents = Mutex<[Int]>([])
  }

  private func load(_ name: String, _ observer: LoadingObserver) throws {
    _ = try Registry.model(
      TinyModel(name: name).checkpoint(), backend: CPUBackend(precision: .fast, threads: 1),
      observer: observer)
  }

  /// Formats that are used in place and those that are repacked, in both kinds of files.
  @Test(arguments: ["llama-plain", "llama-gptq4", "llama-awq4", "bitnet", "gguf-llama-k"])
  func theShareGrowsToAll(_ name: String) throws {
    let log = Log()
    try load(
      name,
      LoadingObserver(
        report: { share in log.shares.withLock { $0.append(share) } }, isCancelled: { false }))
    let shares = log.shares.withLock { $0 }
    #expect(shares.count > 10 && shares == shares.sorted())
    // Headers are part of a file.
    #expect((0.5...1).contains(shares.last ?? 0))
  }

  @Test func aLoadEndsWhenItIsCancelled() throws {
    let log = Log()
    #expect(throws: CancellationError.self) {
      try load(
        "llama-plain",
        LoadingObserver(
          report: { share in log.shares.withLock { $0.append(share) } },
          isCancelled: { log.shares.withLock { $0.count } == 3 }))
    }
    #expect(log.shares.withLock { $0.count } == 3)
  }

  @Test func wholePercentsAreReportedOnce() throws {
    let log = Log()
    try load(
      "llama-plain", .slow(after: .zero, report: { percent in log.percents.withLock { $0.append(percent) } }))
    let percents = log.percents.withLock { $0 }
    #expect(percents.count > 3 && percents == Array(Set(percents)).sorted() && (percents.last ?? 101) <= 100)
    let quick = Log()
    try load(
      "llama-plain",
      .slow(
        after: .seconds(3600), report: { percent in quick.percents.withLock { $0.append(percent) } }))
    #expect(quick.percents.withLock { $0.isEmpty })
  }
}
