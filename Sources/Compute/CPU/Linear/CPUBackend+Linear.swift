import Basics
import CKernels

// Matrix products on weights as stored; see matmul.h for the cost.
extension CPUBackend {
  /// Makes a parameter of a weight: a matrix is used where it is mapped, a vector is copied as float32.
  ///
  /// A matrix with reordered rows is multiplied range by range in place. Ranges shorter than a tile would be slow, so
  /// such a matrix is copied in order instead.
  public func parameter(_ weight: Weight, rowOrder: [Range<Int>]?) throws -> Parameter {
    if weight.shape.count == 1 {
      let ordered = try rowOrder.map { try weight.rows($0.flatMap { Array($0) }) } ?? weight
      return Parameter(shape: ordered.shape, storage: try CPUVector(ordered))
    }
    let matrix = try CPUMatrix(weight, rowOrder: rowOrder)
    return Parameter(shape: weight.shape.dropLast(2) + [matrix.rows, weight.columns], storage: matrix)
  }

  /// Makes a parameter of separate matrices, which are used where they are mapped.
  public func parameter(stack: [Weight]) throws -> Parameter {
    let matrix = try CPUMatrix(stack: stack)
    return Parameter(shape: [stack.count] + stack[0].shape, storage: matrix)
  }

  /// The first rows of a matrix, in the same memory.
  public func firstRows(_ count: Int, of matrix: Parameter) -> Parameter? {
    guard let rows = (matrix.storage as? CPUMatrix)?.firstRows(count) else { return nil }
    return Parameter(shape: [count, matrix.columns], storage: rows)
  }

  /// The rows of `table` for `tokens`, times `scale`; zeros for -1.
  public func embedding(_ tokens: Tokens, table: Parameter, scale: Float) -> Tensor {
    let (result, target) = make(rows: tokens.count, columns: table.columns)
    var matrix = matrix(table)
    for (row, token) in ids(tokens).enumerated() {
      precondition(token >= -1 && Int(token) < table.rows, "token \(token) of \(table.rows)")
      let output = target + row * table.columns
      if token < 0 {
        output.update(repeating: 0, count: table.columns)
      } else {
        sotto_decode_row(&matrix, Int(token), scale, output)
      }
    }
    return result
  }

  /// The outputs of the layers side by side, plus `residual`.
  public func linear(_ x: Tensor, _ layers: [Linear], adding residual: Tensor?) -> Tensor {
    let outputs = layers.reduce(0) { $0 + $1.outputs }
    let (result, target) = make(rows: x.rows, columns: outputs)
    precondition(layers.allSatisfy { $0.weight.columns == x.columns }, "inputs are not \(x.columns) wide")
    precondition(
      residual.map { $0.rows == x.rows && $0.columns == outputs } ?? true, "a residual of another size")
    var described: [sotto_layer] = []
    described.reserveCapacity(layers.count)
    for layer in layers {
      var bias = layer.bias.map { vector($0, count: layer.outputs) }
      for part in parts(layer.weight) {
        described.append(sotto_layer(weight: part, bias: bias))
        bias = bias.map { $0 + part.rows }
      }
    }
    let status = described.withUnsafeBufferPointer { described in
      var call = sotto_linear_call(
        x: pointer(x), x_stride: x.stride, tokens: x.rows, layers: described.baseAddress,
        layer_count: described.count, residual: residual.map { pointer($0) },
        residual_stride: residual?.stride ?? 0, y: target, y_stride: outputs,
        precision: productPrecision)
      return sotto_linear(workspace.handle, &call)
    }
    precondition(status == 0, "no memory for a matrix product")
    return result
  }

  /// How products round activations.
  var productPrecision: sotto_precision {
    switch precision {
    case .exact: SOTTO_EXACT
    case .fast: isPrefill ? SOTTO_FAST_PREFILL : SOTTO_FAST
    }
  }

  /// The matrix of a parameter that is in one piece.
  func matrix(_ parameter: Parameter) -> sotto_matrix {
    let parts = parts(parameter)
    precondition(parts.count == 1, "a matrix of reordered rows")
    return parts[0]
  }

  private func parts(_ parameter: Parameter) -> [sotto_matrix] {
    guard let matrix = parameter.storage as? CPUMatrix else { preconditionFailure("not a matrix") }
    return matrix.parts
  }
}

/// The workspace of matrix products.
final class MatrixWorkspace {
  let handle: OpaquePointer?
  /// The workspace's kernels run on these threads, so it keeps them alive.
  private let pool: ThreadPool

  init(_ pool: ThreadPool) {
    self.pool = pool
    handle = sotto_workspace_create(pool.handle)
  }

  deinit { sotto_workspace_destroy(handle) }
}

/// The machine's peak performance.
public struct MachineLimits: Sendable {
  /// Multiplications and additions of 8-bit dot products, all threads together.
  public let integerOperationsPerSecond: Double
  /// Memory read bandwidth, all threads together.
  public let bytesPerSecond: Double
}

extension CPUBackend {
  /// Measures the machine's limits with this backend's threads. Takes a fraction of a second and 256 MiB of memory.
  public func measureLimits() -> MachineLimits {
    let bytes = 256 << 20
    let buffer = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 4096)
    defer { buffer.deallocate() }
    // Written, so that every page is backed by memory.
    buffer.initializeMemory(as: UInt8.self, repeating: 1, count: bytes)
    return MachineLimits(
      integerOperationsPerSecond: sotto_measure_int8_peak(pool.handle),
      bytesPerSecond: sotto_measure_read_bandwidth(pool.handle, buffer, bytes))
  }
}
