// TEMPORARY: plain float loops, until the matrix products replace this file.

/// A float32 matrix in place.
final class PlaceholderMatrix {
  let weight: Weight
  init(_ weight: Weight) { self.weight = weight }
  subscript(row: Int, column: Int) -> Float {
    weight.values.pointer.loadUnaligned(
      fromByteOffset: 4 * (row * weight.columns + column), as: Float.self)
  }
}

extension CPUBackend {
  public func parameter(_ weight: Weight) throws -> Parameter {
    if weight.shape.count == 1 { return Parameter(shape: weight.shape, storage: try CPUVector(weight)) }
    guard weight.format == .float32 else { throw CPUVectorError.quantised(weight.format) }
    return Parameter(shape: weight.shape, storage: PlaceholderMatrix(weight))
  }

  public func embedding(_ tokens: [Int32], table: Parameter, scale: Float) -> Tensor {
    let (result, target) = make(rows: tokens.count, columns: table.columns)
    guard let matrix = table.storage as? PlaceholderMatrix else { preconditionFailure("not a matrix") }
    for (row, token) in tokens.enumerated() {
      for column in 0..<table.columns {
        target[row * table.columns + column] = matrix[Int(token), column] * scale
      }
    }
    return result
  }

  public func linear(_ x: Tensor, _ layers: [Linear], adding residual: Tensor?) -> Tensor {
    let outputs = layers.reduce(0) { $0 + $1.outputs }
    let (result, target) = make(rows: x.rows, columns: outputs)
    let source = pointer(x)
    var first = 0
    for layer in layers {
      guard let matrix = layer.weight.storage as? PlaceholderMatrix else {
        preconditionFailure("not a matrix")
      }
      let bias = layer.bias.map { vector($0, count: layer.outputs) }
      for row in 0..<x.rows {
        for output in 0..<layer.outputs {
          var sum = bias?[output] ?? 0
          if let residual { sum += pointer(residual)[row * residual.stride + first + output] }
          for input in 0..<x.columns { sum += source[row * x.stride + input] * matrix[output, input] }
          target[row * outputs + first + output] = sum
        }
      }
      first += layer.outputs
    }
    return result
  }
}
