/// A matrix of activations, one row a token, held by a backend. A value: operations never change it.
///
/// Only the backend that made it can read it; `Backend.values(_:)` forces it.
public struct Tensor {
  /// Tokens.
  public let rows: Int
  /// Features of a token; heads lie one after another.
  public let columns: Int
  /// The backend's own representation.
  package let storage: AnyObject
  /// The first element and the distance between rows within `storage`, in elements, for backends
  /// whose views share memory.
  package let offset: Int
  package let stride: Int

  package init(rows: Int, columns: Int, storage: AnyObject, offset: Int = 0, stride: Int? = nil) {
    self.rows = rows
    self.columns = columns
    self.storage = storage
    self.offset = offset
    self.stride = stride ?? columns
  }
}

/// A weight that a backend has taken in: mapped in place, or prepared once in a layout of its own.
public struct Parameter {
  /// Outermost first, as in `Weight`.
  public let shape: [Int]
  package let storage: AnyObject

  package init(shape: [Int], storage: AnyObject) {
    self.shape = shape
    self.storage = storage
  }

  /// Outputs of a linear layer, or 1 for a vector.
  public var rows: Int { shape.count > 1 ? shape[shape.count - 2] : 1 }
  /// Inputs of a linear layer, or the length of a vector.
  public var columns: Int { shape.last ?? 0 }
}

/// A linear layer y = W x + b.
public struct Linear {
  /// [outputs, inputs].
  public let weight: Parameter
  /// [outputs].
  public let bias: Parameter?

  /// A layer of a weight and, where it has one, a bias.
  public init(weight: Parameter, bias: Parameter? = nil) {
    self.weight = weight
    self.bias = bias
  }

  /// Features that come out.
  public var outputs: Int { weight.rows }
}
