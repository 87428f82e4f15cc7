/// A matrix of activations in a backend's memory, one row per token. Immutable.
///
/// Only the backend that created it can read it; `Backend.values(_:)` forces the computation.
public struct Tensor {
  /// The number of tokens.
  public let rows: Int
  /// The number of features per token; heads are consecutive.
  public let columns: Int
  /// The backend's representation.
  package let storage: AnyObject
  /// The first element and the distance between rows within `storage`, in elements, for backends whose views share
  /// memory.
  package let offset: Int
  package let stride: Int

  package init(rows: Int, columns: Int, storage: AnyObject, offset: Int = 0, stride: Int? = nil) {
    self.rows = rows
    self.columns = columns
    self.storage = storage
    self.offset = offset
    self.stride = stride ?? columns
  }

  /// A view of the columns `range` of every row, for backends whose views share memory.
  package func viewed(columns range: Range<Int>) -> Tensor {
    precondition(range.lowerBound >= 0 && range.upperBound <= columns, "columns \(range) of \(columns)")
    return Tensor(
      rows: rows, columns: range.count, storage: storage, offset: offset + range.lowerBound, stride: stride)
  }

  /// A view of the rows at `indices`, for backends whose views share memory; nil if they are not consecutive.
  package func viewed(rows indices: [Int]) -> Tensor? {
    precondition(indices.allSatisfy { (0..<rows).contains($0) }, "rows \(indices) of \(rows)")
    let first = indices.first ?? 0
    guard indices.enumerated().allSatisfy({ $0.element == first + $0.offset }) else { return nil }
    return Tensor(
      rows: indices.count, columns: columns, storage: storage, offset: offset + first * stride, stride: stride
    )
  }
}

/// A weight in a backend: mapped in place, or repacked once.
public struct Parameter {
  /// Outermost dimension first, as in `Weight`.
  public let shape: [Int]
  package let storage: AnyObject

  package init(shape: [Int], storage: AnyObject) {
    self.shape = shape
    self.storage = storage
  }

  /// Outputs of a linear layer; 1 for a vector.
  public var rows: Int { shape.count > 1 ? shape[shape.count - 2] : 1 }
  /// Inputs of a linear layer; the length of a vector.
  public var columns: Int { shape.last ?? 0 }
}

/// A linear layer y = W x + b.
public struct Linear {
  /// [outputs, inputs].
  public let weight: Parameter
  /// [outputs].
  public let bias: Parameter?

  /// A layer with a weight and an optional bias.
  public init(weight: Parameter, bias: Parameter? = nil) {
    self.weight = weight
    self.bias = bias
  }

  /// The number of output features.
  public var outputs: Int { weight.rows }
}
