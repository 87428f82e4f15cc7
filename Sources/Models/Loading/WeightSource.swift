import Checkpoints
import Compute
import Foundation

/// Where a model's weights come from: a checkpoint, or a synthetic one made up for measurements.
public protocol WeightSource {
  /// Whether there is a tensor of this name.
  func contains(_ name: String) -> Bool
  /// The tensor as it is stored; `shape` is what the model expects, and what is made up where there is no
  /// file. The caller compares the shapes.
  /// - Throws: when it is missing, truncated or of an unknown format.
  func storedWeight(_ name: String, shape: [Int]) throws -> Weight
}

extension Checkpoint: WeightSource {
  /// The tensor as it is stored.
  public func storedWeight(_ name: String, shape: [Int]) throws -> Weight { try weight(name) }
}

/// A GGUF file's tensors under the names of the public checkpoints.
struct GGUFWeights: WeightSource {
  let checkpoint: Checkpoint
  let naming: GGUFNaming

  func contains(_ name: String) -> Bool { checkpoint.contains(naming.fileName(name)) }
  func storedWeight(_ name: String, shape: [Int]) throws -> Weight {
    let found = try checkpoint.weight(naming.fileName(name))
    // The converter has worked out -exp(A_log).
    return name.hasSuffix(".A_log") ? try found.mapped { log(-$0) } : found
  }
}
