import Basics
import Checkpoints

/// A checkpoint that notes which of its tensors a model takes, so that a configuration that does not fit the file is found
/// out: the norms, biases or layers that it does not mention would silently be left out. For one thread.
final class TakenWeights: WeightSource {
  private let checkpoint: Checkpoint
  private var taken: Set<String> = []

  init(_ checkpoint: Checkpoint) { self.checkpoint = checkpoint }

  func contains(_ name: String) -> Bool { checkpoint.contains(name) }

  func storedWeight(_ name: String, shape: [Int]) throws -> Weight {
    taken.insert(name)
    return try checkpoint.weight(name)
  }

  func skip(_ name: String) { taken.insert(name) }

  /// Checks what the model has left aside.
  /// - Parameters:
  ///   - architecture: its name in the checkpoint.
  ///   - predictors: the numbers of the layers for multi-token prediction, by the configuration.
  /// - Returns: a warning about tensors whose use is not known; nil for none.
  /// - Throws: `ModelError.unusedTensors` if tensors of the language model are among them.
  func checkRest(architecture: String, predictors: Range<Int>) throws(ModelError) -> String? {
    let spare = SpareTensors(
      checkpoint.names, taken: taken, predictors: predictors, changesNothing: changesNothing)
    if !spare.needed.isEmpty { throw .unusedTensors(spare.needed, architecture: architecture) }
    guard !spare.unknown.isEmpty else { return nil }
    return
      "the model does not use \(ModelError.list(spare.unknown)), whose purpose is not known; its answers may be wrong"
  }

  /// Checks the biases that the model has taken.
  /// - Throws: `ModelError.unstatedBiases` if the configuration has none there, unless they are zeros, which some quantisers
  ///   add.
  func checkBiases(_ stated: StatedBiases) throws {
    var unstated: [String] = [], key: String?
    let biases = taken.filter { $0.hasSuffix(".bias") && checkpoint.contains($0) }
    for name in biases.sorted() {
      guard let refusal = try stated.refusal(of: name), !changesNothing(name) else { continue }
      unstated.append(name)
      key = key ?? refusal.key
    }
    if !unstated.isEmpty { throw ModelError.unstatedBiases(unstated, key: key) }
  }

  /// Whether a tensor named "bias" is a causal mask (GPT-2, GPT-NeoX) or all zeros.
  private func changesNothing(_ name: String) -> Bool {
    guard let shape = checkpoint.shape(name) else { return false }
    if shape.count > 2 { return true }
    return (try? checkpoint.weight(name).floats())?.allSatisfy { $0 == 0 } ?? false
  }
}
