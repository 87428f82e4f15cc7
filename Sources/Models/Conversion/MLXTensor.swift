import Basics
import Checkpoints

/// A tensor of the MLX version of a model, as mlx-lm's converter writes it.
///
/// The rules for all architectures: experts that are stored one by one are stacked below `switch_mlp`, convolutions have
/// their taps before their only input, a tied head and tables of rotary embeddings are left out, and every matrix or
/// stack named `.weight` is a layer that can be quantised.
public struct MLXTensor: Sendable, Equatable {
  /// The name, with `.weight`.
  public let name: String
  /// The weights of the checkpoint that follow each other in it.
  public let sources: [String]
  /// Outermost dimension first.
  public let shape: [Int]
  /// How the layer may be quantised.
  public let role: Role
  /// Whether the numbers keep their type where others are rounded to that of the configuration.
  public let keepsType: Bool

  /// How a tensor may be quantised.
  public enum Role: Sendable, Equatable {
    /// Not a layer.
    case plain
    /// A layer in the bits that are asked for.
    case layer
    /// A layer that always has 8 bits in groups of 64.
    case eightBits
  }

  /// The name of the layer, without `.weight`.
  public var layer: String { name.hasSuffix(".weight") ? String(name.dropLast(".weight".count)) : name }
}

extension Registry {
  /// The tensors of the MLX version of a checkpoint's model, in the checkpoint's order.
  /// - Throws: `ModelError.unsupported` for architectures whose weights mlx-lm changes in ways that are not known.
  public static func mlxTensors(_ checkpoint: Checkpoint) throws -> [MLXTensor] {
    guard let architecture = architecture(of: checkpoint) else {
      throw ModelError.unknownArchitecture(checkpoint.architecture ?? "", known: architectures)
    }
    guard let conversion = architecture.mlx else {
      let known = all.filter { $0.mlx != nil }.compactMap(\.modelTypes.first).sorted()
      throw ModelError.unsupported(
        "quantising \(architecture.modelTypes[0]) is not supported; it is for \(known.joined(separator: ", "))"
      )
    }
    return MLXTensors(checkpoint, conversion).tensors
  }
}

/// Collects the tensors.
private struct MLXTensors {
  private(set) var tensors: [MLXTensor] = []
  private let conversion: MLXConversion
  private let isTied: Bool

  init(_ checkpoint: Checkpoint, _ conversion: MLXConversion) {
    self.conversion = conversion
    isTied = checkpoint.configuration?["tie_word_embeddings"]?.asBool ?? false
    var stacks: [String: Int] = [:]
    for name in checkpoint.names {
      guard !omits(name), let shape = checkpoint.shape(name) else { continue }
      guard let expert = ExpertName(name, conversion.experts) else {
        add(renamed(name), [name], Self.isConvolution(name, shape) ? [shape[0], shape[2], 1] : shape)
        continue
      }
      if let index = stacks[expert.stack] {
        // The experts of a file need not be in order.
        guard tensors[index].shape.dropFirst() == shape[...] else { continue }
        let sources = tensors[index].sources + [name]
        tensors[index] = tensor(
          expert.stack, sources.sorted { Self.number($0) < Self.number($1) }, [sources.count] + shape)
      } else {
        stacks[expert.stack] = tensors.count
        add(expert.stack, [name], [1] + shape)
      }
    }
  }

  private func omits(_ name: String) -> Bool {
    (isTied && name.hasSuffix("lm_head.weight")) || conversion.omits.contains { name.contains($0) }
  }

  private func renamed(_ name: String) -> String {
    var parts = name.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count > 1, let new = conversion.renames[String(parts[parts.count - 2])] else { return name }
    parts[parts.count - 2] = Substring(new)
    return parts.joined(separator: ".")
  }

  private mutating func add(_ name: String, _ sources: [String], _ shape: [Int]) {
    tensors.append(tensor(name, sources, shape))
  }

  private func tensor(_ name: String, _ sources: [String], _ shape: [Int]) -> MLXTensor {
    MLXTensor(
      name: name, sources: sources, shape: shape, role: role(name, shape),
      keepsType: conversion.keepsType.contains { name.contains($0) })
  }

  private func role(_ name: String, _ shape: [Int]) -> MLXTensor.Role {
    guard name.hasSuffix(".weight"), shape.count >= 2, !Self.isConvolution(name, shape) else { return .plain }
    let layer = name.dropLast(".weight".count)
    if conversion.unquantized.contains(where: { layer.hasSuffix($0) }) { return .plain }
    return conversion.eightBits.contains { layer.hasSuffix($0) } ? .eightBits : .layer
  }

  /// A depthwise convolution [channels, 1, taps] or [channels, taps, 1].
  private static func isConvolution(_ name: String, _ shape: [Int]) -> Bool {
    shape.count == 3 && name.contains("conv") && (shape[1] == 1 || shape[2] == 1)
  }

  private static func number(_ name: String) -> Int { ExpertName(name, [:])?.number ?? 0 }
}

/// `PREFIX.experts.N.LAYER.weight`, which is part of the stack `PREFIX.switch_mlp.LAYER.weight`.
private struct ExpertName {
  let number: Int
  let stack: String

  init?(_ name: String, _ layers: [String: String]) {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    guard let index = parts.lastIndex(of: "experts"), parts.count == index + 4,
      let number = Int(parts[index + 1]),
      number >= 0
    else { return nil }
    self.number = number
    let layer = layers[String(parts[index + 2])].map { Substring($0) } ?? parts[index + 2]
    stack = (parts[..<index] + ["switch_mlp", layer, parts[index + 3]]).joined(separator: ".")
  }
}
