import CCUDA
import Compute

extension CUDABackend {
  /// A tensor of these numbers in row-major order: one copy.
  public func tensor(_ values: [Float], columns: Int) -> Tensor {
    precondition(columns > 0 && values.count % columns == 0, "\(values.count) numbers in rows of \(columns)")
    return Tensor(rows: values.count / columns, columns: columns, storage: copied(values))
  }

  /// The numbers of a tensor in row-major order; waits until they are computed. Zeros after an error.
  public func values(_ x: Tensor) -> [Float] {
    let x = contiguous(x)
    return read(rows(of: x).data, count: x.rows * x.columns, 0)
  }

  /// The columns `range` of every row: a view.
  public func columns(_ x: Tensor, _ range: Range<Int>) -> Tensor { x.viewed(columns: range) }

  /// A view of consecutive rows; otherwise a copy.
  public func rows(_ x: Tensor, _ indices: [Int]) -> Tensor {
    if let view = x.viewed(rows: indices) { return view }
    let ids = copied(indices.map { Int32($0) })
    var call = sotto_cuda_elementwise()
    call.operation = Int32(SOTTO_CUDA_GATHER.rawValue)
    call.a = rows(of: x)
    call.indices = ids.address
    return run(call, rows: indices.count, columns: x.columns)
  }

  /// The columns of `a` followed by those of `b`.
  public func joined(_ a: Tensor, _ b: Tensor) -> Tensor {
    precondition(a.rows == b.rows, "\(a.rows) rows beside \(b.rows)")
    var call = sotto_cuda_elementwise()
    call.operation = Int32(SOTTO_CUDA_JOIN.rawValue)
    call.a = rows(of: a)
    call.b = rows(of: b)
    call.split = Int32(a.columns)
    return run(call, rows: a.rows, columns: a.columns + b.columns)
  }

  /// activation(x).
  public func activated(_ x: Tensor, _ activation: Activation) -> Tensor {
    var call = sotto_cuda_elementwise()
    call.operation = Int32(SOTTO_CUDA_ACTIVATE.rawValue)
    call.a = rows(of: x)
    set(&call, activation)
    precondition(
      call.activation != Int32(SOTTO_CUDA_CLAMPED_SWIGLU.rawValue), "an activation with two inputs")
    return run(call, rows: x.rows, columns: x.columns)
  }

  /// activation(first half of the columns) * second half: [rows, columns / 2].
  public func gated(_ x: Tensor, _ activation: Activation) -> Tensor {
    precondition(x.columns % 2 == 0, "gates and values in \(x.columns) columns")
    if let result = gatedProduct(x, activation) { return result }
    let half = x.columns / 2
    return gated(columns(x, half..<x.columns), by: columns(x, 0..<half), activation)
  }

  /// activation(gate) * x. A gate with fewer columns than x has one for each group of consecutive columns of x.
  public func gated(_ x: Tensor, by gate: Tensor, _ activation: Activation) -> Tensor {
    precondition(
      gate.rows == x.rows && gate.columns > 0 && x.columns % gate.columns == 0, "a gate of another size")
    if let result = gatedProduct(x, by: gate, activation) { return result }
    var call = sotto_cuda_elementwise()
    call.operation = Int32(SOTTO_CUDA_GATE.rawValue)
    call.a = rows(of: gate)
    call.b = rows(of: x)
    call.group = Int32(x.columns / gate.columns)
    set(&call, activation)
    precondition(call.activation != Int32(SOTTO_CUDA_XIELU.rawValue), "xIELU is not the activation of a gate")
    return run(call, rows: x.rows, columns: x.columns)
  }

  /// a + scale * b.
  public func add(_ a: Tensor, _ b: Tensor, scale: Float) -> Tensor {
    precondition(a.rows == b.rows && a.columns == b.columns, "a sum of different shapes")
    if let product = b.pendingProduct {
      return self.product(product.x, product.layers, adding: a, factor: product.factor * scale)
    }
    return sum(a, b, scale: scale)
  }

  /// a + scale * b by a kernel of its own.
  func sum(_ a: Tensor, _ b: Tensor, scale: Float) -> Tensor {
    var call = sotto_cuda_elementwise()
    call.operation = Int32(SOTTO_CUDA_ADD.rawValue)
    call.a = rows(of: a)
    call.b = rows(of: b)
    call.scale = scale
    return run(call, rows: a.rows, columns: a.columns)
  }

  /// x * scale, then cap * tanh(x / cap) if a softcap is given.
  public func scaled(_ x: Tensor, by scale: Float, softcap: Float?) -> Tensor {
    guard softcap == nil, scale != 1, precision == .fast else {
      return multiplied(x, by: scale, softcap: softcap)
    }
    // Consumers apply factors on the way.
    let later: CUDAPending
    if x.rows <= Self.fewRows, let norm = x.pending(CUDAPendingNorm.self), norm.groupSize == x.columns {
      later = norm.scaled(by: scale)
    } else if let product = x.pendingProduct {
      later = CUDAPendingProduct(product.x, product.layers, factor: product.factor * scale)
    } else if x.rows == 1 {
      later = CUDAPendingScale(x, factor: scale)
    } else {
      return multiplied(x, by: scale)
    }
    return Tensor(rows: x.rows, columns: x.columns, storage: later)
  }

  /// x * scale by a kernel of its own, then cap * tanh(x / cap) if a softcap is given: a copy.
  func multiplied(_ x: Tensor, by scale: Float, softcap: Float? = nil) -> Tensor {
    var call = sotto_cuda_elementwise()
    call.operation = Int32(SOTTO_CUDA_SCALE.rawValue)
    call.a = rows(of: x)
    call.scale = scale
    call.limit = softcap ?? 0
    return run(call, rows: x.rows, columns: x.columns)
  }

  /// `x`, or a copy of it if it is a view whose rows are apart.
  func contiguous(_ x: Tensor) -> Tensor { x.stride == x.columns ? x : multiplied(x, by: 1) }

  private func run(_ call: sotto_cuda_elementwise, rows: Int, columns: Int) -> Tensor {
    var call = call
    let (result, y) = make(rows: rows, columns: columns)
    call.y = y
    call.y_stride = Int64(columns)
    run(&call, rows: rows, columns: columns)
    return result
  }

  /// Runs an operation whose output is set.
  func run(_ call: inout sotto_cuda_elementwise, rows: Int, columns: Int) {
    call.rows = Int32(rows)
    call.columns = Int32(columns)
    // The grid's second dimension is limited; a block goes on with the rows beyond it.
    launch(.elementwise, call, grid: ((columns + 255) / 256, min(rows, 65_535), 1), threads: 256)
  }

  func set(_ call: inout sotto_cuda_elementwise, _ activation: Activation) {
    let kind: sotto_cuda_activation
    switch activation {
    case .tanh: kind = SOTTO_CUDA_TANH
    case .silu: kind = SOTTO_CUDA_SILU
    case .sigmoid: kind = SOTTO_CUDA_SIGMOID
    case .geluTanh: kind = SOTTO_CUDA_GELU_TANH
    case .gelu: kind = SOTTO_CUDA_GELU
    case .relu: kind = SOTTO_CUDA_RELU
    case .reluSquared: kind = SOTTO_CUDA_RELU_SQUARED
    case .identity: kind = SOTTO_CUDA_IDENTITY
    case .xielu(let positive, let negative, let beta, let limit):
      kind = SOTTO_CUDA_XIELU
      (call.positive, call.negative, call.scale, call.limit) = (positive, negative, beta, limit)
    case .clampedSwiGLU(let alpha, let limit):
      kind = SOTTO_CUDA_CLAMPED_SWIGLU
      (call.scale, call.limit) = (alpha, limit)
    }
    call.activation = Int32(kind.rawValue)
  }
}
