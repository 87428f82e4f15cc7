import Basics
import Checkpoints

/// A tensor of the MLX version of a model, as mlx-lm's converter writes it.
///
/// The rules for all architectures: experts that are stored one by one are stacked below `switch_mlp`, convolutions have
/// their taps before their only input, a tied head, tables of rotary embeddings and prediction layers are left out, and
/// every matrix or stack named `.weight` is a layer that can be quantised.
public struct MLXTensor: Sendable {
  /// The rows of the checkpoint's weights that it has; the name has `.weight`.
  public let tensor: ConvertedTensor
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
    /// A layer that always has 8 bits in groups of 64, with its settings in config.json.
    case eightBits(settings: JSON)
  }

  /// The name, with `.weight`.
  public var name: String { tensor.name }
  /// Outermost dimension first.
  public var shape: [Int] { tensor.shape }
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
    let isPart = checkpoint.configuration?.languageModelPart != nil
    let whole = checkpoint.architecture ?? ""
    let isKnown = conversion.part != nil && (conversion.wholes.isEmpty || conversion.wholes.contains(whole))
    guard isPart ? isKnown : !conversion.isOnlyPart else {
      throw ModelError.unsupported(
        isPart
          ? "quantising a multimodal model of this architecture is not supported; use the weights of its language model"
          : "mlx-lm has this model only as part of a multimodal one; use --to gguf:... or the original weights"
      )
    }
    return try MLXTensors(checkpoint, conversion).tensors
  }
}

/// Collects the tensors.
private struct MLXTensors {
  private(set) var tensors: [MLXTensor] = []
  private let conversion: MLXConversion

  init(_ checkpoint: Checkpoint, _ conversion: MLXConversion) throws {
    self.conversion = conversion
    let root = checkpoint.configuration ?? .object(JSONObject())
    let part = root.languageModelPart
    let configuration = ModelConfiguration(part.map { .object($0) } ?? root)
    var collected = ConvertedTensors(block: "switch_mlp", experts: conversion.experts)
    let isTied = configuration.json["tie_word_embeddings"]?.asBool ?? false
    let layers = configuration.json["num_hidden_layers"]?.asInteger ?? Int.max
    for source in checkpoint.names {
      guard let name = part != nil ? conversion.part?(source) : source,
        try !conversion.leavesOut(name, configuration), !(isTied && name.hasSuffix("lm_head.weight")),
        !conversion.omits.contains(where: name.contains),
        !ConvertedTensors.isPredictionLayer(source, layers: layers)
      else { continue }
      try collected.add(name, from: source, checkpoint.readableShape(source))
    }
    let isConverted = conversion.isConverted(checkpoint)
    tensors = try collected.finish().flatMap { tensor in
      let named = tensor.named(renamed(tensor.name))
      return try (isConverted ? [named] : conversion.change(named, configuration))
        .flatMap { try $0.divided(by: conversion.divides) }.map(finished)
    }
  }

  private func renamed(_ name: String) -> String {
    var parts = name.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count > 1, let new = conversion.renames[String(parts[parts.count - 2])] else { return name }
    parts[parts.count - 2] = Substring(new)
    return parts.joined(separator: ".")
  }

  private func finished(_ tensor: ConvertedTensor) -> MLXTensor {
    let (name, shape) = (tensor.name, tensor.shape)
    let isConvolution = Self.isConvolution(name, shape)
    return MLXTensor(
      tensor: isConvolution ? tensor.reshaped([shape[0], shape[1] * shape[2], 1]) : tensor,
      role: isConvolution ? .plain : role(name, shape),
      keepsType: conversion.keepsType.contains { name.contains($0) })
  }

  private func role(_ name: String, _ shape: [Int]) -> MLXTensor.Role {
    guard name.hasSuffix(".weight"), shape.count >= 2 else { return .plain }
    let layer = name.dropLast(".weight".count)
    if conversion.unquantized.contains(where: { layer.hasSuffix($0) }) { return .plain }
    return conversion.eightBits.contains { layer.hasSuffix($0) }
      ? .eightBits(settings: conversion.eightBitSettings) : .layer
  }

  /// A depthwise convolution [channels, 1, taps] or [channels, taps, 1].
  private static func isConvolution(_ name: String, _ shape: [Int]) -> Bool {
    shape.count == 3 && name.contains("conv") && (shape[1] == 1 || shape[2] == 1)
  }
}
