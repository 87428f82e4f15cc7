import Basics
import Checkpoints
import Foundation
import Hub
import Synchronization
import TerminalInterface

/// The downloads of the chat, from the hub of the environment.
final class HubDownloads: ModelDownloads {
  private let finder: ModelFinder
  /// Ends the download that runs.
  private let cancellation = Mutex<PullCancellation?>(nil)

  /// The bytes that weights may have on this machine.
  static var weightLimit: Int { SuggestedModel.weightLimit(memory: memory) }
  /// The bytes of this machine's memory.
  static var memory: Int { Int(clamping: ProcessInfo.processInfo.physicalMemory) }

  init(_ finder: ModelFinder) { self.finder = finder }

  var suggestions: [DownloadChoice] {
    SuggestedModel.fitting(memory: Self.memory, disk: SuggestedModel.freeBytes(at: finder.places.own)).models
      .map {
        DownloadChoice(name: $0.name, title: $0.title, bytes: $0.bytes, detail: $0.summary)
      }
  }

  func start(_ name: String) -> AsyncStream<DownloadEvent> {
    let cancellation = PullCancellation()
    self.cancellation.withLock { $0 = cancellation }
    return AsyncStream { continuation in
      Thread.detachNewThread { [self] in
        continuation.yield(download(name, cancellation) { continuation.yield($0) })
        continuation.finish()
      }
    }
  }

  func stop() { cancellation.withLock { $0?.cancel() } }

  /// Downloads a model. Blocks the thread.
  /// - Returns: the last event.
  private func download(
    _ text: String, _ cancellation: PullCancellation, _ report: @escaping @Sendable (DownloadEvent) -> Void
  ) -> DownloadEvent {
    var choices: DownloadEvent?
    do {
      let name = try HubName(text)
      let pull = ModelPull(
        endpoint: try HubEndpoint(), folder: finder.places.own, cancellation: cancellation)
      let reporter = Reporter(pull.progress, report)
      defer { reporter.stop() }
      let result = try pull.run(name, memory: Self.weightLimit) { proposal in
        choices = Self.choices(proposal, of: text)
        return false
      }
      return .finished(
        model: finder.name(at: result.path) ?? result.path, bytes: result.bytes, wasThere: result.wasThere)
    } catch {
      if let choices { return choices }
      return cancellation.isCancelled ? .stopped : .failed("\(error)")
    }
  }

  private static func choices(_ proposal: ModelPull.Proposal, of text: String) -> DownloadEvent {
    .choices(
      proposal.models.map { model in
        DownloadChoice(
          name: "\(text):\(model.name)", title: model.name, bytes: model.bytes,
          detail: model.bytes > weightLimit ? "more than this machine's memory" : "")
      },
      preferred: proposal.proposed)
  }

  /// Reports the progress twice a second.
  private final class Reporter: Sendable {
    private let isStopped = Atomic<Bool>(false)
    private let finished = DispatchSemaphore(value: 0)

    init(_ progress: PullProgress, _ report: @escaping @Sendable (DownloadEvent) -> Void) {
      Thread.detachNewThread { [self] in
        var last: PullProgress.Report?
        var ticks = 0
        while !isStopped.load(ordering: .relaxed) {
          // A stalled transfer is reported too: its speed decreases.
          if ticks % 5 == 0 {
            let state = progress.report
            if state != last || state.total > 0 {
              report(.progress(done: state.done, total: state.total, note: state.note))
            }
            last = state
          }
          ticks += 1
          usleep(100_000)
        }
        finished.signal()
      }
    }

    /// No event follows.
    func stop() {
      isStopped.store(true, ordering: .relaxed)
      finished.wait()
    }
  }
}
