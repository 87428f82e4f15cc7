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

  /// Sets the result, which something else has computed.
  final func setMade(_ buffer: CUDABuffer) { made = buffer }

  /// The result's memory.
  final func buffer(on backend: CUDABackend) -> CUDABuffer {
    if let made { return made }
    let result = compute(on: backend)
    guard let buffer = result.storage as? CUDABuffer else { preconditionFailure("a result in no memory") }
    made = buffer
    return buffer
  }
}

/// The root mean square norm of whole rows, or of their heads, times a factor.
final class CUDAPendingNorm: CUDAPending {
  let weight: Parameter?
  let epsilon: Float
  let offset: Float
  let groupSize: Int
  let factor: Float
  /// The result in panels, once a product has needed it so; see linear_panels.cu.
  var panels: (order: Int32, buffer: CUDABuffer)?

  init(_ x: Tensor, weight: Parameter?, groupSize: Int, epsilon: Float, offset: Float, factor: Float = 1) {
    self.groupSize = groupSize
    self.weight = weight
    self.epsilon = epsilon
    self.offset = offset
    self.factor = factor
    super.init(x)
  }

  /// The same with another factor.
  func scaled(by more: Float) -> CUDAPendingNorm {
    CUDAPendingNorm(
      x, weight: weight, groupSize: groupSize, epsilon: epsilon, offset: offset, factor: factor * more)
  }

  override func compute(on backend: CUDABackend) -> Tensor {
    backend.normalized(
      x, SOTTO_CUDA_RMS, gate: nil, weight: weight, bias: nil, groupSize: groupSize, epsilon: epsilon,
      offset: offset, factor: factor)
  }
}

/// Linear layers side by side for one row, times a factor: perhaps a gate and what it gates, or a term of a sum.
final class CUDAPendingProduct: CUDAPending {
  let layers: [Linear]
  let factor: Float

  init(_ x: Tensor, _ layers: [Linear], factor: Float = 1) {
    self.layers = layers
    self.factor = factor
    super.init(x)
  }

  /// The outputs of all layers.
  var outputs: Int { layers.reduce(0) { $0 + $1.outputs } }

  /// Whether the layers may be a gate and what it gates.
  var isPair: Bool { layers.count == 2 && layers[0].outputs == layers[1].outputs && factor == 1 }

  override func compute(on backend: CUDABackend) -> Tensor {
    backend.product(x, layers, adding: nil, factor: factor)
  }
}

/// One row, or part of it, times a factor.
final class CUDAPendingScale: CUDAPending {
  let factor: Float

  init(_ x: Tensor, factor: Float) {
    self.factor = factor
    super.init(x)
  }

  override func compute(on backend: CUDABackend) -> Tensor { backend.multiplied(x, by: factor) }
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
  /// The pending product whose whole result this is; nil for another tensor, or if it has been computed.
  var pendingProduct: CUDAPendingProduct? {
    guard let product = storage as? CUDAPendingProduct, offset == 0, columns == product.outputs,
      !product.isMade
    else { return nil }
    return product
  }

  /// What is multiplied by a factor that is still to be applied.
  var unscaled: (x: Tensor, factor: Float) {
    guard let scale = pending(CUDAPendingScale.self), !scale.isMade else { return (self, 1) }
    return (scale.x, scale.factor)
  }

  /// The pending operation whose whole result this is; nil for another tensor.
  func pending<Operation: CUDAPending>(_: Operation.Type) -> Operation? {
    guard let operation = storage as? Operation, offset == 0, rows == operation.x.rows,
      columns == operation.x.columns
    else { return nil }
    return operation
  }
}
