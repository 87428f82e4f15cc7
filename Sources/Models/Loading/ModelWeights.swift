import Basics
import Compute

/// Loads parameters by the names of the public checkpoints: checks their shapes, passes them to the backend, and sums up
/// the work per token.
package final class ModelWeights {
  let source: any WeightSource
  let backend: any Backend
  /// The work per token of all parameters loaded so far.
  var work = TokenWork()
  /// What may be wrong with a model that can be used.
  let warnings: Warnings

  /// Warnings in one line each, in their order.
  final class Warnings {
    var all: [String] = []
  }

  package init(_ source: any WeightSource, backend: any Backend) {
    self.source = source
    self.backend = backend
    warnings = Warnings()
  }

  /// Other names or layouts for the weights of a model that is being loaded.
  init(_ source: any WeightSource, for weights: ModelWeights) {
    self.source = source
    backend = weights.backend
    warnings = weights.warnings
  }

  func contains(_ name: String) -> Bool { source.contains(name) }

  /// Says that a layer of attention that reads the cache of another one does not need its own keys and values, which
  /// some checkpoints have.
  func skipKeysAndValues(_ prefix: String) {
    for name in ["k_proj", "v_proj", "k_norm"] { source.skip(prefix + name + ".weight") }
  }

  /// The parameter `name`. Throws if it does not have this shape.
  func parameter(_ name: String, _ shape: [Int]) throws -> Parameter {
    try backend.parameter(stored(name, shape))
  }

  /// The stored tensor `name`. Throws if it does not have this shape.
  func stored(_ name: String, _ shape: [Int]) throws -> Weight {
    guard shape.allSatisfy({ $0 > 0 }) else {
      throw ModelError.unsupported("the configuration gives tensor '\(name)' the shape \(shape)")
    }
    let stored = try source.storedWeight(name, shape: shape)
    guard stored.shape == shape else {
      throw ModelError.wrongShape(tensor: name, shape: stored.shape, expected: shape)
    }
    return stored
  }

  /// The tensor `name` as a vector of `count` numbers. GGUF stores some vectors as matrices.
  func vector(_ name: String, _ count: Int) throws -> Parameter {
    let found = try source.storedWeight(name, shape: [count])
    guard found.shape.reduce(1, *) == count, found.format.blockColumns == 1 else {
      throw ModelError.wrongShape(tensor: name, shape: found.shape, expected: [count])
    }
    return try backend.parameter(Weight(format: found.format, shape: [count], values: found.values))
  }

  /// A linear layer, with a bias if the file has one.
  /// - Parameter rowOrder: the file's rows in the order of the layer's outputs; nil for the file's order.
  func linear(
    _ name: String, inputs: Int, outputs: Int, rowOrder: [Range<Int>]? = nil
  ) throws -> Linear {
    let weight = try stored(name + ".weight", [outputs, inputs])
    let bias = contains(name + ".bias") ? try stored(name + ".bias", [outputs]) : nil
    work.add(weight, promptShare: 1, generationShare: 1)
    return Linear(
      weight: try backend.parameter(weight, rowOrder: rowOrder),
      bias: try bias.map { try backend.parameter($0, rowOrder: rowOrder) })
  }

  /// A depthwise convolution's weights [channels, taps], with a bias if the file has one. Files store them as
  /// [channels, 1, taps] (PyTorch), [channels, taps, 1] (MLX) or [channels, taps] (GGUF); the bytes are the same.
  /// - Parameter factors: a factor on the weights of each channel, not on the bias; nil for none.
  package func convolution(
    _ name: String, channels: Int, taps: Int, factors: [Float]? = nil
  ) throws -> (weight: Parameter, bias: Parameter?) {
    var weight = try storedConvolution(name, channels: channels, taps: taps)
    if let factors { weight = try weight.scaledRows(by: factors) }
    return (
      weight: try backend.parameter(weight),
      bias: contains(name + ".bias") ? try parameter(name + ".bias", [channels]) : nil
    )
  }

  private func storedConvolution(_ name: String, channels: Int, taps: Int) throws -> Weight {
    let found = try source.storedWeight(name + ".weight", shape: [channels, 1, taps])
    let extents = [channels, taps]
    guard [extents, [channels, 1, taps], [channels, taps, 1]].contains(found.shape) else {
      throw ModelError.wrongShape(tensor: name + ".weight", shape: found.shape, expected: extents)
    }
    guard found.format.blockColumns == 1 else {
      throw ModelError.unsupported("the convolution \(name) is stored as \(found.format)")
    }
    return try Weight(format: found.format, shape: extents, values: found.values)
  }

  /// Whether the depthwise convolution `name` has MLX's shape: MLX's conversions of some architectures change other
  /// weights too.
  func isConvolutionFromMLX(_ name: String, channels: Int, taps: Int) throws -> Bool {
    let shape = try source.storedWeight(name + ".weight", shape: [channels, 1, taps]).shape
    return taps > 1 && shape == [channels, taps, 1]
  }

  /// Depthwise convolutions over neighbouring channels, as one over all of them [channels, taps]. Copies them. They must
  /// have one format and no biases.
  func convolution(joining parts: [(name: String, channels: Int)], taps: Int) throws -> Parameter {
    if let name = parts.map(\.name).first(where: { contains($0 + ".bias") }) {
      throw ModelError.unsupported("a bias of \(name)")
    }
    let weights = try parts.map { try storedConvolution($0.name, channels: $0.channels, taps: taps) }
    guard let format = weights.first?.format, weights.allSatisfy({ $0.format == format }) else {
      throw ModelError.unsupported(
        "convolutions of different formats (\(parts.map(\.name).joined(separator: ", ")))")
    }
    let values = Bytes(copying: weights.flatMap { part in part.values.withUnsafeBytes { Array($0) } })
    let channels = parts.reduce(0) { $0 + $1.channels }
    return try backend.parameter(Weight(format: format, shape: [channels, taps], values: values))
  }

  /// A vector of these numbers.
  func vector(_ numbers: [Float]) throws -> Parameter {
    try backend.parameter(
      Weight(format: .float32, shape: [numbers.count], values: Bytes(copying: numbers)))
  }

  /// A root mean square norm over `size` columns.
  func norm(_ name: String, size: Int, epsilon: Double, offset: Float = 0) throws -> RMSNorm {
    RMSNorm(weight: try parameter(name + ".weight", [size]), epsilon: Float(epsilon), offset: offset)
  }

  /// A root mean square norm over the hidden columns, or over groups of `size` columns.
  package func norm(
    _ name: String, _ shape: DecoderShape, size: Int? = nil, offset: Float = 0
  ) throws -> RMSNorm {
    try norm(name, size: size ?? shape.hidden, epsilon: shape.epsilon, offset: offset)
  }

  /// Layer normalisation over `size` columns, with a bias if the file has one.
  /// - Parameter addsOne: whether the file stores weights minus 1 (Nemotron).
  package func layerNorm(
    _ name: String, size: Int, epsilon: Double, addsOne: Bool = false
  ) throws -> LayerNorm {
    let weight = try stored(name + ".weight", [size])
    return LayerNorm(
      weight: try backend.parameter(addsOne ? weight.plusOne() : weight),
      bias: contains(name + ".bias") ? try parameter(name + ".bias", [size]) : nil, epsilon: Float(epsilon))
  }

  /// Layer normalisation of each head with weights of its own: a vector for each head, in one tensor.
  func headNorm(_ name: String, heads: Int, _ shape: DecoderShape, epsilon: Double) throws -> LayerNorm {
    LayerNorm(
      weight: try vector(name, heads * shape.headSize), bias: nil, epsilon: Float(epsilon),
      groupSize: shape.headSize)
  }

  /// One number.
  func scalar(_ name: String) throws -> Float { try stored(name, [1]).floats()[0] }

  /// The vectors `names` of `size` numbers each, copied into one.
  func concatenated(_ names: [String], size: Int) throws -> Parameter {
    let numbers = try names.flatMap { try stored($0, [size]).floats() }
    return try backend.parameter(Weight(shape: [numbers.count], numbers: numbers))
  }

  /// The embedding table and the output head, which share one matrix if they are tied.
  func embeddingAndHead(
    vocabulary: Int, hidden: Int, tied: Bool, table: String, head name: String = "lm_head"
  ) throws -> (embedding: Parameter, head: Linear) {
    let size = [vocabulary, hidden]
    let table = try stored(table + ".weight", size)
    let embedding = try backend.parameter(table)
    let bias = contains(name + ".bias") ? try parameter(name + ".bias", [vocabulary]) : nil
    guard contains(name + ".weight"), try !tied || hasOwnHead(name, size, table) else {
      work.addHead(table)
      return (embedding, Linear(weight: embedding, bias: bias))
    }
    let head = try stored(name + ".weight", size)
    work.addHead(head)
    return (embedding, Linear(weight: try backend.parameter(head), bias: bias))
  }
}

extension ModelWeights {
  /// Whether a file has a head beside the embedding table to which the configuration ties it. transformers uses a head that
  /// differs from the table, as the configuration must be wrong then. Files of PyTorch may have the table twice.
  ///
  /// Rows from all parts of the vocabulary are compared.
  private func hasOwnHead(_ name: String, _ size: [Int], _ table: Weight) throws -> Bool {
    // The same numbers may be in another format.
    guard let head = try? stored(name + ".weight", size), head.format == table.format else { return false }
    let rows = Set((0..<64).map { $0 * (table.rows - 1) / 63 }).sorted()
    func bytes(_ weight: Weight) throws -> [[UInt8]] {
      let picked = try weight.rows(rows)
      return [picked.values, picked.scales, picked.biases].map { plane in
        plane?.withUnsafeBytes { Array($0) } ?? []
      }
    }
    guard try bytes(head) != bytes(table) else { return false }
    warnings.all.append(
      "the file has an output head of its own (\(name).weight), which is used although the configuration ties the head to the embeddings ('tie_word_embeddings')"
    )
    return true
  }
}

/// The rows of each part of all heads, where the file has all parts of each head together.
/// - Parameter parts: the rows of each part of a head.
func rowOrder(_ parts: [Int], heads: Int) -> [Range<Int>] {
  let width = parts.reduce(0, +)
  return parts.indices.flatMap { part in
    let start = parts[..<part].reduce(0, +)
    return (0..<heads).map { head in head * width + start..<head * width + start + parts[part] }
  }
}
