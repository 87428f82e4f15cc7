import CCUDA
import Compute

// Products of one row with a matrix in 4 or 8 bits (linear_row.cu), which do on the way what would otherwise take kernels of
// its own: they apply gates to pairs of outputs, choose experts, and add up the experts' outputs.
extension CUDABackend {
  /// What such a product does with its outputs.
  enum RowKind: Int {
    case plain, gated, sum, short, pair
  }

  /// As in the kernel.
  private static let rowThreads = 384, rowBlocks = 2

  /// Whether there is such a product for the layers, by one kernel.
  /// - Parameter rows: rows of inputs; more than one for a sum over experts.
  func hasRow(_ layers: [sotto_cuda_layer], rows: Int = 1) -> Bool {
    guard hasRowKernel(layers, rows: 1), Self.parts(layers).count == 1, let first = layers.first else {
      return false
    }
    return rows * Int(first.weight.columns) * 11 / 8 <= CUDAKernel.rowMemory
  }

  /// Runs a product of one row whose layers are set.
  func runRow(_ call: sotto_cuda_linear, _ kind: RowKind) {
    let first = call.layers.0.weight
    guard let kernels = Self.oneRowKernels[UInt32(first.format)] else { return }
    let kind = shortKind(call, kind)
    let outputs = Int(call.outputs) / (kind == .gated || kind == .pair ? 2 : 1), entries = Int(call.tokens)
    let hasEntries = call.selection == Int32(SOTTO_CUDA_ENTRIES.rawValue) && kind != .sum
    let warps = Self.rowThreads / 32, all = outputs * (hasEntries ? entries : 1)
    launch(
      kernels[kind.rawValue], call,
      grid: (min(Self.rowBlocks * device.multiprocessors, (all + warps - 1) / warps), 1, 1),
      threads: Self.rowThreads, shared: (kind == .sum ? entries : 1) * Int(first.columns) * 11 / 8)
    latestRow = (x: call.x.data, result: call.y)
  }

  /// The kernel for small matrices, if it is one; see row_short.cuh.
  private func shortKind(_ call: sotto_cuda_linear, _ kind: RowKind) -> RowKind {
    let first = call.layers.0.weight, isBytes = first.format == Int32(SOTTO_CUDA_BYTES.rawValue)
    /// Columns of a step of a warp.
    let step: Int64 = isBytes ? 512 : 1024
    // With more lines for each warp, those that load further ahead are faster.
    let isSmall = call.outputs <= Int64(4 * Self.rowBlocks * device.multiprocessors * Self.rowThreads / 32)
    guard isSmall, call.selection == Int32(SOTTO_CUDA_ONE_MATRIX.rawValue) else { return kind }
    switch kind {
    case .plain where first.columns <= 2 * step && call.splits_pairs == 0: return .short
    case .gated where first.columns <= step: return .pair
    default: return kind
    }
  }

  /// Sets the gate of a product of pairs.
  func setGate(_ call: inout sotto_cuda_linear, _ activation: Activation) {
    var parameters = sotto_cuda_elementwise()
    set(&parameters, activation)
    call.gates = 1
    call.activation = parameters.activation
    call.alpha = parameters.scale
    call.limit = parameters.limit
  }

  /// activation(first half) * second half of a product that is not computed yet; nil if `x` is no such product.
  func gatedProduct(_ x: Tensor, _ activation: Activation) -> Tensor? {
    guard let pending = x.pendingProduct else { return nil }
    return gatedProduct(pending, activation, factor: 1)
  }

  /// activation(gate) * x, if they are the two halves of a product that is not computed yet; the gate may be multiplied by a
  /// factor.
  func gatedProduct(_ x: Tensor, by gate: Tensor, _ activation: Activation) -> Tensor? {
    let (gate, factor) = gate.unscaled
    guard let pending = x.storage as? CUDAPendingProduct, gate.storage === pending, !pending.isMade,
      gate.offset == 0, 2 * gate.columns == pending.outputs, x.offset == gate.columns,
      x.columns == gate.columns
    else { return nil }
    return gatedProduct(pending, activation, factor: factor)
  }

  private func gatedProduct(
    _ pending: CUDAPendingProduct, _ activation: Activation, factor: Float
  ) -> Tensor? {
    guard pending.isPair, activation.isGate else { return nil }
    let layers = described(pending.layers), width = pending.outputs / 2
    guard hasRow(layers) else { return nil }
    let (result, y) = make(rows: 1, columns: width)
    var call = Self.linearCall()
    call.gate_factor = factor
    setInputs(&call, pending.x, rowsOnly: true)
    call.y = y
    call.y_stride = Int64(width)
    call.tokens = 1
    call.selection = Int32(SOTTO_CUDA_ONE_MATRIX.rawValue)
    call.matrices = 1
    Self.set(&call, layers)
    setGate(&call, activation)
    runRow(call, .gated)
    return result
  }

  private static let oneRowKernels: [UInt32: [CUDAKernel]] = [
    SOTTO_CUDA_BYTES.rawValue: [
      .rowBytes, .rowGatedBytes, .rowSumBytes, .rowShortBytes, .rowPairBytes,
    ],
    SOTTO_CUDA_FOURS.rawValue: [
      .rowFours, .rowGatedFours, .rowSumFours, .rowShortFours, .rowPairFours,
    ],
    SOTTO_CUDA_SUPERFOURS.rawValue: [
      .rowSuperfours, .rowGatedSuperfours, .rowSumSuperfours, .rowShortSuperfours, .rowPairSuperfours,
    ],
    SOTTO_CUDA_SIXES.rawValue: [
      .rowSixes, .rowGatedSixes, .rowSumSixes, .rowShortSixes, .rowPairSixes,
    ],
    SOTTO_CUDA_AFFINE4.rawValue: [
      .rowAffine4, .rowGatedAffine4, .rowSumAffine4, .rowShortAffine4, .rowPairAffine4,
    ],
  ]
}

extension Activation {
  /// Whether it is the activation of a gate.
  var isGate: Bool {
    if case .xielu = self { false } else { true }
  }
}
