import Compute
import Models

/// A decoding pass that was enqueued before the tokens that it processes were known on the host. Its runs share it.
final class PassAhead {
  /// The numbers of the runs whose tokens it processes, in the order of its rows.
  private let runs: [Int]
  /// [runs, vocabulary]; nil once taken.
  private var logits: Tensor?

  /// Enqueues the pass.
  /// - Parameter tokens: the latest ones of the runs, sampled but not read.
  /// - Throws: what the model throws. The caches of the runs have then advanced, or some of them.
  init(_ runs: [GenerationRun], _ tokens: Tokens, _ loaded: LoadedModel) throws {
    self.runs = runs.map(\.number)
    var input = ForwardInput(
      tokens: tokens, sequences: runs.map(\.reader.sequence.state), counts: runs.map { _ in 1 },
      outputs: Array(runs.indices))
    input.rowsAreSteps = true
    logits = try loaded.model.forward(input)
  }

  /// Whether it still has the logits of these runs.
  func holds(_ some: [GenerationRun]) -> Bool {
    logits != nil && some.allSatisfy { runs.contains($0.number) }
  }

  /// The logits of some of its runs, once. No reference to them is kept: the next pass may overwrite them.
  func take(_ some: [GenerationRun], on backend: any Backend) -> Tensor? {
    guard let all = logits else { return nil }
    logits = nil
    let rows = some.compactMap { runs.firstIndex(of: $0.number) }
    return rows.elementsEqual(runs.indices) ? all : backend.rows(all, rows)
  }
}
