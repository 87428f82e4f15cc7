import Basics
import Checkpoints
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

/// A source whose tensors may have other prefixes than the names that an architecture asks for.
struct PrefixedWeights: WeightSource {
  let source: any WeightSource
  /// From the prefix that is asked for to those that the source may have in its place.
  let prefixes: [String: [String]]

  func contains(_ name: String) -> Bool { sourceName(name) != nil }

  func storedWeight(_ name: String, shape: [Int]) throws -> Weight {
    try source.storedWeight(sourceName(name) ?? name, shape: shape)
  }

  private func sourceName(_ name: String) -> String? {
    if source.contains(name) { return name }
    for (prefix, others) in prefixes where name.hasPrefix(prefix) {
      for other in others {
        let candidate = other + name.dropFirst(prefix.count)
        if source.contains(candidate) { return candidate }
      }
    }
    return nil
  }
}
