import Basics
import Compute

/// A tensor of a converted model: the rows of weights of a checkpoint one after the other, which may be changed on the way.
///
/// Changes are recorded and made when a part is read, so that planning a file reads no weights.
public struct ConvertedTensor: Sendable {
  /// The name in the new file; while it is planned, the name in the public checkpoint.
  public internal(set) var name: String
  /// Outermost dimension first.
  public internal(set) var shape: [Int]
  /// The parts follow each other in the tensor.
  public internal(set) var parts: [Part]

  /// Consecutive rows of a tensor.
  public struct Part: Sendable {
    /// The name of the weight in the checkpoint.
    public let source: String
    /// Factors to multiply by, one list after the other, each with one number or one for every row.
    public internal(set) var factors: [[Float]] = []
    fileprivate var change: (@Sendable (Weight) throws -> Weight)?

    /// The rows of this part.
    /// - Parameter weight: the weight `source`.
    public func rows(of weight: Weight) throws -> Weight { try change?(weight) ?? weight }

    fileprivate func then(_ next: @escaping @Sendable (Weight) throws -> Weight) -> Part {
      let previous = change
      var part = self
      part.change = { try next(previous?($0) ?? $0) }
      return part
    }
  }

  init(_ name: String, _ shape: [Int], sources: [String]) {
    (self.name, self.shape) = (name, shape)
    parts = sources.map { Part(source: $0) }
  }

  /// A change of each part that keeps the shape.
  func changed(_ change: @escaping @Sendable (Weight) throws -> Weight) -> ConvertedTensor {
    var tensor = self
    tensor.parts = parts.map { $0.then(change) }
    return tensor
  }

  /// The same tensor under another name.
  func named(_ name: String) -> ConvertedTensor {
    var tensor = self
    tensor.name = name
    return tensor
  }

  /// A stack of matrices as one matrix.
  func flattenedMatrices() -> ConvertedTensor {
    changed { try $0.flattened() }.reshaped([shape.dropLast().reduce(1, *), shape.last ?? 1])
  }

  /// The same numbers in another shape.
  func reshaped(_ shape: [Int]) -> ConvertedTensor {
    var tensor = self
    tensor.shape = shape
    return tensor
  }

  /// The numbers times factors, one or one for each row: in float32 in GGUF files, in the weight's own type in MLX's.
  func scaled(by factors: [Float]) -> ConvertedTensor {
    var tensor = self
    for index in tensor.parts.indices { tensor.parts[index].factors.append(factors) }
    return tensor
  }

  /// The rows at `order` of a matrix, or the numbers of a vector, in that order. Copies the part as it is read.
  func ordered(_ order: [Int], as name: String? = nil) throws -> ConvertedTensor {
    let count = shape[0]
    guard parts.count == 1, shape.count <= 2, order.allSatisfy({ $0 >= 0 && $0 < count }) else {
      throw ModelError.unsupported("the tensor \(self.name) has the shape \(shape)")
    }
    var tensor = changed { try $0.rows(order) }
    tensor.name = name ?? self.name
    tensor.shape[0] = order.count
    return tensor
  }

  /// Some rows of every matrix, without a copy: `range`, or every `step`-th of it, which copies.
  func rows(_ range: Range<Int>, step: Int = 1, as name: String) throws -> ConvertedTensor {
    let matrices = shape.dropLast(2).reduce(1, *)
    let rows = shape.count > 1 ? shape[shape.count - 2] : shape[0]
    guard parts.count == 1, !range.isEmpty, range.lowerBound >= 0, range.upperBound <= rows else {
      throw ModelError.unsupported("the tensor \(self.name) has the shape \(shape)")
    }
    var tensor = self
    tensor.name = name
    let isVector = shape.count == 1
    tensor.parts = (0..<matrices).map { matrix in
      parts[0].then { weight in
        let flat = try isVector ? weight : weight.flattened()
        let begin = matrix * rows + range.lowerBound, end = matrix * rows + range.upperBound
        return try step == 1
          ? flat.rows(begin..<end) : flat.rows(Array(stride(from: begin, to: end, by: step)))
      }
    }
    let count = (range.count + step - 1) / step
    tensor.shape[isVector ? 0 : shape.count - 2] = count
    return tensor
  }

  /// Parts of equally many rows of every matrix, under these names.
  func divided(_ names: [String]) throws -> [ConvertedTensor] {
    let rows = shape.count > 1 ? shape[shape.count - 2] : shape[0]
    guard rows % names.count == 0 else {
      throw ModelError.unsupported("the tensor \(name) has the shape \(shape)")
    }
    let size = rows / names.count
    return try names.enumerated().map {
      try self.rows($0.offset * size..<($0.offset + 1) * size, as: $0.element)
    }
  }

  /// The parts of a fused layer, if it is one.
  /// - Parameter layers: the names of fused layers, without the endings, and of their parts.
  func divided(by layers: [String: [String]]) throws -> [ConvertedTensor] {
    guard !layers.isEmpty else { return [self] }
    let ending = [".weight", ".bias"].first { name.hasSuffix($0) } ?? ""
    let stem = name.dropLast(ending.count)
    for (fused, parts) in layers where stem.hasSuffix("." + fused) {
      let prefix = stem.dropLast(fused.count)
      // Stacks that transformers keeps as parameters have no ending.
      let names = parts.map { "\(prefix)\($0)\(ending.isEmpty ? ".weight" : ending)" }
      return try names.count == 1 ? [named(names[0])] : divided(names)
    }
    return [self]
  }

  /// A stack whose parts are its matrices.
  func matrices() throws -> ConvertedTensor { try rows(0..<shape[max(0, shape.count - 2)], as: name) }

  /// The columns at `order` of every row, in that order. Copies. FP8 becomes float32, as its scales are those of columns.
  func orderedColumns(_ order: [Int]) throws -> ConvertedTensor {
    guard shape.count > 1, order.allSatisfy((0..<shape[shape.count - 1]).contains) else {
      throw ModelError.unsupported("the tensor \(name) has the shape \(shape)")
    }
    var tensor = changed { weight in
      try (weight.format.blockColumns > 1 ? Self.unpacked(weight) : weight).columns(order)
    }
    tensor.shape[shape.count - 1] = order.count
    return tensor
  }

  /// With rows of zeros at the end, of a matrix.
  func padded(rows: Int) throws -> ConvertedTensor {
    guard shape.count == 2, parts.count == 1 else {
      throw ModelError.unsupported("the tensor \(name) has the shape \(shape)")
    }
    guard rows > shape[0] else { return self }
    let zeros = [rows - shape[0], shape[1]]
    var tensor = self
    tensor.parts.append(
      parts[0].then { _ in
        try Weight(shape: zeros, numbers: [Float](repeating: 0, count: zeros[0] * zeros[1]))
      })
    tensor.shape[0] = rows
    return tensor
  }

  private static func unpacked(_ weight: Weight) throws -> Weight {
    let numbers = try WeightQuantizer(threads: 1).quantize(
      weight, rows: 0..<weight.rows, to: .float32, type: .float32
    ).values
    return try Weight(format: .float32, shape: weight.shape, values: numbers)
  }

  /// Each matrix of a stack transposed. Copies one matrix at a time.
  func transposed() throws -> ConvertedTensor { try matrices().transposedMatrices() }

  /// The same of a tensor whose parts are its matrices. FP8 becomes float32, as its scales are those of columns then.
  func transposedMatrices() throws -> ConvertedTensor {
    guard shape.count > 1 else { throw ModelError.unsupported("the tensor \(name) has the shape \(shape)") }
    var tensor = changed { weight in
      try (weight.format.blockColumns > 1 ? Self.unpacked(weight) : weight).transposed()
    }
    tensor.shape = shape.dropLast(2) + [shape[shape.count - 1], shape[shape.count - 2]]
    return tensor
  }

  /// Every `step`-th row of every matrix from `first` on, of a tensor whose parts are its matrices.
  func everyRow(_ step: Int, from first: Int, as name: String) throws -> ConvertedTensor {
    guard shape.count > 1, first < shape[shape.count - 2] else {
      throw ModelError.unsupported("the tensor \(self.name) has the shape \(shape)")
    }
    let order = Array(stride(from: first, to: shape[shape.count - 2], by: step))
    var tensor = changed { try $0.rows(order) }
    tensor.name = name
    tensor.shape[shape.count - 2] = order.count
    return tensor
  }

  /// Every `step`-th column from `first` on. Copies to float32, so it is meant for biases.
  func everyColumn(_ step: Int, from first: Int, as name: String) -> ConvertedTensor {
    var tensor = changed { weight in
      let numbers = try weight.floats(), columns = weight.columns
      let kept = stride(from: first, to: columns, by: step)
      let rows = numbers.count / columns
      let picked = (0..<rows).flatMap { row in kept.map { numbers[row * columns + $0] } }
      return try Weight(shape: [rows, picked.count / rows], numbers: picked)
    }
    tensor.name = name
    tensor.shape[shape.count - 1] = (shape[shape.count - 1] - first + step - 1) / step
    return tensor
  }
}

extension ConvertedTensor {
  /// A tensor of a Mamba-2 mixer in the shape that GGUF gives it: a column of steps, and rows of groups for the norm.
  func stateSpace(groups: Int) -> ConvertedTensor {
    if shape.count == 1, name.hasSuffix(".A_log") || name.hasSuffix(".D") { return reshaped([shape[0], 1]) }
    let isNorm = name.hasSuffix("mixer.norm.weight") || name.hasSuffix("mamba.norm.weight")
    guard isNorm, shape.count == 1, shape[0] % groups == 0 else { return self }
    return reshaped([groups, shape[0] / groups])
  }
}

extension Weight {
  /// A stack of matrices as one matrix, in place.
  fileprivate func flattened() throws -> Weight {
    guard shape.count != 2 else { return self }
    return try Weight(
      format: format, shape: [rows * matrices, columns], values: values, scales: scales, biases: biases)
  }
}
