import Basics
import Checkpoints
import Foundation

/// The source of a model's weights: a checkpoint, or synthetic weights for measurements.
public protocol WeightSource {
  /// Whether there is a tensor of this name.
  func contains(_ name: String) -> Bool
  /// The tensor as it is stored.
  /// - Parameter shape: the shape that the model expects. Synthetic weights have it; the caller checks that of a file.
  /// - Throws: if the tensor is missing, truncated or of an unknown format.
  func storedWeight(_ name: String, shape: [Int]) throws -> Weight
  /// Says that the model does not need this tensor, which a checkpoint may have.
  func skip(_ name: String)
}

extension WeightSource {
  /// Nothing; for sources that do not count what is taken.
  public func skip(_ name: String) {}
}

extension Checkpoint: WeightSource {
  /// The tensor as it is stored.
  public func storedWeight(_ name: String, shape: [Int]) throws -> Weight { try weight(name) }
}

/// A source some of whose matrices have their inputs first. They are transposed into a copy.
struct TransposedWeights: WeightSource {
  let source: any WeightSource
  /// Whether the matrix of a name is transposed.
  let isTransposed: (String) -> Bool

  func contains(_ name: String) -> Bool { source.contains(name) }

  func storedWeight(_ name: String, shape: [Int]) throws -> Weight {
    guard isTransposed(name) else { return try source.storedWeight(name, shape: shape) }
    return try source.storedWeight(name, shape: shape.reversed()).transposed()
  }

  func skip(_ name: String) { source.skip(name) }
}

/// A source whose tensor names may begin otherwise than those that an architecture requests.
struct PrefixedWeights: WeightSource {
  let source: any WeightSource
  /// Alternatives in the source for each requested prefix.
  let prefixes: [String: [String]]

  /// - Parameter names: the names in the source, to find a prefix that is none of the alternatives: that of the only
  ///   embedding table, and of the only output head. Training frameworks prepend such prefixes to all names.
  init(source: any WeightSource, prefixes: [String: [String]], names: [String] = []) {
    self.source = source
    var prefixes = prefixes
    for (prefix, anchor) in [("model.", "embed_tokens.weight"), ("lm_head.", "lm_head.weight")] {
      let found = names.filter { $0.hasSuffix("." + anchor) || $0 == anchor }
      guard found.count == 1, let name = found.first else { continue }
      let stem = name.dropLast(anchor.count)
      prefixes[prefix, default: []].append(prefix == "model." ? String(stem) : stem + prefix)
    }
    self.prefixes = prefixes
  }

  func contains(_ name: String) -> Bool { sourceName(name) != nil }

  func storedWeight(_ name: String, shape: [Int]) throws -> Weight {
    try source.storedWeight(sourceName(name) ?? name, shape: shape)
  }

  func skip(_ name: String) { source.skip(sourceName(name) ?? name) }

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
