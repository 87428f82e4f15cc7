import CKernels

extension CPUBackend {
  /// activation(x).
  public func activated(_ x: Tensor, _ activation: Activation) -> Tensor {
    let (result, output) = make(rows: x.rows, columns: x.columns)
    if case .xielu(let positive, let negative, let beta, let limit) = activation {
      sotto_xielu(
        pool.handle, output, rows(of: x), x.rows, x.columns, positive, negative, beta, limit)
      return result
    }
    let (kind, _, _) = activation.kernel
    precondition(kind != SOTTO_CLAMPED_SWIGLU, "an activation with two inputs")
    sotto_activate(pool.handle, output, rows(of: x), x.rows, x.columns, kind)
    return result
  }

  /// activation(first half of the columns) * second half: [rows, columns / 2].
  public func gated(_ x: Tensor, _ activation: Activation) -> Tensor {
    precondition(x.columns % 2 == 0, "gates and values in \(x.columns) columns")
    let (result, output) = make(rows: x.rows, columns: x.columns / 2)
    let (kind, alpha, limit) = activation.kernel
    sotto_gated(pool.handle, output, rows(of: x), x.rows, x.columns / 2, kind, alpha, limit)
    return result
  }

  /// activation(gate) * x. A gate with fewer columns than x has one for each group of consecutive columns of x.
  public func gated(_ x: Tensor, by gate: Tensor, _ activation: Activation) -> Tensor {
    precondition(
      gate.rows == x.rows && gate.columns > 0 && x.columns % gate.columns == 0, "a gate of another size")
    if gate.columns > 1, gate.columns < x.columns {
      // Each group of columns is a row with one gate.
      let gate = contiguous(gate), x = contiguous(x), width = x.columns / gate.columns
      let (result, output) = make(rows: x.rows, columns: x.columns)
      let (kind, alpha, limit) = activation.kernel
      sotto_gate(
        pool.handle, output, sotto_rows(data: pointer(gate), stride: 1), 1,
        sotto_rows(data: pointer(x), stride: width), x.rows * gate.columns, width, kind, alpha, limit)
      return result
    }
    let (result, output) = make(rows: x.rows, columns: x.columns)
    let (kind, alpha, limit) = activation.kernel
    sotto_gate(
      pool.handle, output, rows(of: gate), gate.columns, rows(of: x), x.rows, x.columns, kind, alpha, limit)
    return result
  }

  /// a + scale * b.
  public func add(_ a: Tensor, _ b: Tensor, scale: Float) -> Tensor {
    precondition(a.rows == b.rows && a.columns == b.columns, "a sum of different shapes")
    let (result, output) = make(rows: a.rows, columns: a.columns)
    sotto_add(pool.handle, output, rows(of: a), rows(of: b), a.rows, a.columns, scale)
    return result
  }

  /// x * scale, then cap * tanh(x / cap) if a softcap is given.
  public func scaled(_ x: Tensor, by scale: Float, softcap: Float?) -> Tensor {
    let (result, output) = make(rows: x.rows, columns: x.columns)
    sotto_scale(pool.handle, output, rows(of: x), x.rows, x.columns, scale, softcap ?? 0)
    return result
  }

  /// A tensor in the kernels' format.
  @inline(__always)
  func rows(of x: Tensor) -> sotto_rows { sotto_rows(data: pointer(x), stride: x.stride) }
}

extension Activation {
  /// The kernels' constant, alpha and limit.
  var kernel: (kind: sotto_activation, alpha: Float, limit: Float) {
    switch self {
    case .tanh: (SOTTO_TANH, 0, 0)
    case .silu: (SOTTO_SILU, 0, 0)
    case .sigmoid: (SOTTO_SIGMOID_GATE, 0, 0)
    case .geluTanh: (SOTTO_GELU_TANH, 0, 0)
    case .gelu: (SOTTO_GELU, 0, 0)
    case .relu: (SOTTO_RELU, 0, 0)
    case .reluSquared: (SOTTO_RELU_SQUARED, 0, 0)
    case .identity: (SOTTO_IDENTITY, 0, 0)
    case .xielu: preconditionFailure("xIELU is not the activation of a gate")
    case .clampedSwiGLU(let alpha, let limit): (SOTTO_CLAMPED_SWIGLU, alpha, limit)
    }
  }
}
