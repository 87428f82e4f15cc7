import Basics
import CKernels

// Matrix products on weights as they are stored; see matmul.h for what they cost.
extension CPUBackend {
  /// Takes in a weight: a matrix stays where it is mapped, a vector is copied as float32.
  public func parameter(_ weight: Weight) throws -> Parameter {
    if weight.shape.count == 1 { return Parameter(shape: weight.shape, storage: try CPUVector(weight)) }
    return Parameter(shape: weight.shape, storage: try CPUMatrix(weight))
  }

  /// Takes in matrices that a file keeps apart as one stack; they stay where they are mapped.
  public func parameter(stack: [Weight]) throws -> Parameter {
    let matrix = try CPUMatrix(stack: stack)
    return Parameter(shape: [stack.count] + stack[0].shape, storage: matrix)
  }

  /// Rows of `table` for `tokens`, times `scale`.
  public func embedding(_ tokens: [Int32], table: Parameter, scale: Float) -> Tensor {
    let (result, target) = make(rows: tokens.count, columns: table.columns)
    var matrix = matrix(table)
    for (row, token) in tokens.enumerated() {
      precondition(token >= 0 && Int(token) < table.rows, "token \(token) of \(table.rows)")
      sotto_decode_row(&matrix, Int(token), scale, target + row * table.columns)
    }
    return result
  }

  /// The layers' outputs side by side, plus `residual`.
  public func linear(_ x: Tensor, _ layers: [Linear], adding residual: Tensor?) -> Tensor {
    let outputs = layers.reduce(0) { $0 + $1.outputs }
    let (result, target) = make(rows: x.rows, columns: outputs)
    precondition(layers.allSatisfy { $0.weight.columns == x.columns }, "inputs are not \(x.columns) wide")
    precondition(
      residual.map { $0.rows == x.rows && $0.columns == outputs } ?? true, "a residual of another size")
    let described = layers.map { layer in
      sotto_layer(
        weight: matrix(layer.weight), bias: layer.bias.map { vector($0, count: layer.outputs) })
    }
    let status = described.withUnsafeBufferPointer { described in
      var call = sotto_linear_call(
        x: pointer(x), x_stride: x.stride, tokens: x.rows, layers: described.baseAddress,
        layer_count: described.count, residual: residual.map { pointer($0) },
        residual_stride: residual?.stride ?? 0, y: target, y_stride: outputs,
        precision: precision == .exact ? SOTTO_EXACT : SOTTO_FAST)
      return sotto_linear(workspace.handle, &call)
    }
    precondition(status == 0, "no memory for a matrix product")
    return result
  }

  func matrix(_ parameter: Parameter) -> sotto_matrix {
    guard let matrix = parameter.storage as? CPUMatrix else { preconditionFailure("not a matrix") }
    return matrix.matrix
  }
}

/// Memory that the matrix products work in.
final class MatrixWorkspace {
  let handle: OpaquePointer?
  /// The workspace's kernels run on these threads, so they live as long.
  private let pool: ThreadPool

  init(_ pool: ThreadPool) {
    self.pool = pool
    handle = sotto_workspace_create(pool.handle)
  }

  deinit { sotto_workspace_destroy(handle) }
}

/// What this machine could do at best.
public struct MachineLimits: Sendable {
  /// Multiplications and additions of 8-bit dot products, all threads together.
  public let integerOperationsPerSecond: Double
  /// Reading memory, all threads together.
  public let bytesPerSecond: Double
}

extension CPUBackend {
  /// Measures the machine's limits with this backend's threads: a fraction of a second and 256 MiB of memory.
  public func measureLimits() -> MachineLimits {
    let bytes = 256 << 20
    let buffer = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 4096)
    defer { buffer.deallocate() }
    // Written, so that every page is memory of its own.
    buffer.initializeMemory(as: UInt8.self, repeating: 1, count: bytes)
    return MachineLimits(
      integerOperationsPerSecond: sotto_measure_int8_peak(pool.handle),
      bytesPerSecond: sotto_measure_read_bandwidth(pool.handle, buffer, bytes))
  }
}
