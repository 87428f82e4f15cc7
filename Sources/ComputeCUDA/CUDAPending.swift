import CCUDA
import Compute

/// The result of an operation that is computed when it is needed: many consumers can compute it on the way, which saves a
/// kernel. Its rows have no gaps.
class CUDAPending {
  /// The input.
  let x: Tensor
  /// The result, once it is computed by itself.
  private var made: CUDABuffer?

  init(_ x: Tensor) { self.x = x }

  /// Whether the result has been computed by itself.
  final var isMade: Bool { made != nil }

  /// Computes the result.
  func compute(on backend: CUDABackend) -> Tensor { x }

  /// The result's memory.
  final func buffer(on backend: CUDABackend) -> CUDABuffer {
    if let made { return made }
    let result = compute(on: backend)
    guard let buffer = result.storage as? CUDABuffer else { preconditionFailure("a result in no memory") }
    made = buffer
    return buffer
  }
}

/// The root mean square norm of whole rows, or of their heads.
final class CUDAPendingNorm: CUDAPending {
  let weight: Parameter?
  let epsilon: Float
  let offset: Float
  let groupSize: Int

  init(_ x: Tensor, weight: Parameter?, groupSize: Int, epsilon: Float, offset: Float) {
    self.groupSize = groupSize
    self.weight = weight
    self.epsilon = epsilon
    self.offset = offset
    super.init(x)
  }

  override func compute(on backend: CUDABackend) -> Tensor {
    backend.normalized(
      x, SOTTO_CUDA_RMS, gate: nil, weight: weight, bias: nil, groupSize: groupSize, epsilon: epsilon,
      offset: offset)
  }
}

/// Two linear layers of the same size side by side: perhaps a gate and what it gates.
final class CUDAPendingProduct: CUDAPending {
  let layers: [Linear]

  init(_ x: Tensor, _ layers: [Linear]) {
    self.layers = layers
    super.init(x)
  }

  /// The outputs of both layers.
  var outputs: Int { layers.reduce(0) { $0 + $1.outputs } }

  override func compute(on backend: CUDABackend) -> Tensor { backend.product(x, layers, adding: nil) }
}

/// A rotation.
final class CUDAPendingRotation: CUDAPending {
  let table: RotaryTable
  let positions: [Int32]

  init(_ x: Tensor, _ table: RotaryTable, _ positions: [Int32]) {
    self.table = table
    self.positions = positions
    super.init(x)
  }

  override func compute(on backend: CUDABackend) -> Tensor { backend.rotated(x, table, positions) }

  /// Whether it rotates in the same way.
  func isLike(_ other: CUDAPendingRotation) -> Bool {
    table.headSize == other.table.headSize && table.first == other.table.first
      && table.interleaved == other.table.interleaved && table.amplitude == other.table.amplitude
      && positions == other.positions && table.frequencies == other.table.frequencies
  }
}

extension Tensor {
  /// The pending operation whose whole result this is; nil for another tensor.
  func pending<Operation: CUDAPending>(_: Operation.Type) -> Operation? {
    guard let operation = storage as? Operation, offset == 0, rows == operation.x.rows,
      columns == operation.x.columns
    else { return nil }
    return operation
  }
}
