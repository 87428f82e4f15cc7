import Compute

/// A normalisation with learnt weights.
package protocol Norm {
  /// - Parameter x: [rows, columns]; the result has the same shape.
  func callAsFunction(_ x: Tensor, on backend: any Backend) -> Tensor
}

/// Root mean square normalisation (arXiv:1910.07467).
package struct RMSNorm: Norm {
  let weight: Parameter
  let epsilon: Float
  /// 1 where checkpoints store the weight's distance from 1 (Gemma).
  let offset: Float
  /// The columns that are normalised together, if the weight has more numbers (PLaMo 2).
  var groupSize: Int?

  /// A norm of groups of as many columns as the weight has.
  package init(weight: Parameter, epsilon: Float, offset: Float = 0) {
    self.weight = weight
    self.epsilon = epsilon
    self.offset = offset
  }

  /// Normalises each group of columns.
  package func callAsFunction(_ x: Tensor, on backend: any Backend) -> Tensor {
    backend.rmsNorm(
      x, weight: weight, groupSize: groupSize ?? weight.columns, epsilon: epsilon, offset: offset)
  }
}

/// Root mean square normalisation of groups of columns, without learnt weights.
package struct PlainRMSNorm: Norm {
  let groupSize: Int
  let epsilon: Float

  /// Normalises each group of columns.
  package func callAsFunction(_ x: Tensor, on backend: any Backend) -> Tensor {
    backend.rmsNorm(x, weight: nil, groupSize: groupSize, epsilon: epsilon, offset: 0)
  }
}

/// Layer normalisation (arXiv:1607.06450).
package struct LayerNorm: Norm {
  /// nil for a norm without learnt weights, as is `bias`.
  let weight: Parameter?
  let bias: Parameter?
  let epsilon: Float
  /// Columns that are normalised together; nil for whole rows.
  let groupSize: Int?

  /// A norm of whole rows, or of groups of columns.
  package init(weight: Parameter?, bias: Parameter?, epsilon: Float, groupSize: Int? = nil) {
    self.weight = weight
    self.bias = bias
    self.epsilon = epsilon
    self.groupSize = groupSize
  }

  /// Normalises each row or group.
  package func callAsFunction(_ x: Tensor, on backend: any Backend) -> Tensor {
    backend.layerNorm(
      x, weight: weight, bias: bias, groupSize: groupSize ?? x.columns, epsilon: epsilon)
  }
}

/// A norm whose result is rounded to 8 bits a row, as the inputs of BitNet's layers are in training.
///
/// A fast backend rounds the inputs of products by itself, with a scale for every few columns.
struct RoundedNorm: Norm {
  let norm: any Norm

  /// Normalises and rounds.
  func callAsFunction(_ x: Tensor, on backend: any Backend) -> Tensor {
    let y = norm(x, on: backend)
    guard backend.precision == .exact, let backend = backend as? any ActivationRoundingBackend else {
      return y
    }
    return backend.roundedRows(y)
  }
}
