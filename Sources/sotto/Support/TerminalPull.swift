import Foundation
import Hub

/// A download with its progress on standard error. Ctrl-C stops it; the next one of the same model resumes it.
struct TerminalPull {
  /// Sotto's model folder.
  let folder: String

  /// Downloads a model.
  /// - Parameter asks: whether the user is asked about a file that is proposed among several.
  /// - Throws: `HubError` or `FileError`; what was downloaded stays.
  func run(_ name: HubName, asks: Bool) throws -> ModelPull.Result {
    let pull = ModelPull(endpoint: try HubEndpoint(), folder: folder)
    let interrupts = Interrupts { pull.cancellation.cancel() }
    defer { interrupts.stop() }
    let display = PullDisplay(pull.progress)
    display.start()
    let result = Result {
      try pull.run(name, memory: HubDownloads.weightLimit) { proposal in
        let best = proposal.models[proposal.proposed]
        Console.note("The repository has several models:")
        for model in proposal.models {
          let mark = model == best ? "  fits this machine best" : ""
          Console.note("  \(model.name)  \(ModelTable.size(model.bytes))\(mark)")
        }
        guard asks, isatty(STDIN_FILENO) != 0, isatty(STDERR_FILENO) != 0 else { return true }
        return Console.confirms("Download \(best.name)?")
      }
    }
    display.stop()
    return try result.get()
  }
}
