import CCUDA
import Compute

extension CUDABackend: ActivationRoundingBackend {
  /// Each row rounded to 255 levels, as BitNet's activations are.
  public func roundedRows(_ x: Tensor) -> Tensor {
    let (result, y) = make(rows: x.rows, columns: x.columns)
    var call = sotto_cuda_normalization()
    call.x = rows(of: x)
    call.y = y
    call.rows = Int32(x.rows)
    call.columns = Int32(x.columns)
    launch(.roundRows, call, grid: (1, x.rows, 1), threads: 256)
    return result
  }

  /// Root mean square normalisation of each group of `groupSize` columns.
  public func rmsNorm(
    _ x: Tensor, weight: Parameter?, groupSize: Int, epsilon: Float, offset: Float
  ) -> Tensor {
    let offset = weight == nil ? 0 : offset
    let isHeads = groupSize == 64 || groupSize == 128
    let perColumn = weight.map { $0.columns != groupSize } ?? false
    let isWhole = groupSize == x.columns, isFew = x.rows <= Self.fewRows
    let mayHavePanels = device.streams && x.rows <= PanelPlan.mostRows
    if precision == .fast, isWhole && (isFew || mayHavePanels) || isFew && isHeads && !perColumn {
      // Products of a few rows normalise them on the way, attention of one row its heads.
      let norm = CUDAPendingNorm(
        x, weight: weight, groupSize: groupSize, epsilon: epsilon, offset: offset)
      return Tensor(rows: x.rows, columns: x.columns, storage: norm)
    }
    return normalized(
      x, SOTTO_CUDA_RMS, gate: nil, weight: weight, bias: nil, groupSize: groupSize, epsilon: epsilon,
      offset: offset)
  }

  /// Root mean square normalisation of groups, of x * silu(gate) or multiplied by silu(gate).
  public func gatedRMSNorm(
    _ x: Tensor, gate: Tensor, weight: Parameter, groupSize: Int, epsilon: Float, gateFirst: Bool
  ) -> Tensor {
    precondition(gate.rows == x.rows && gate.columns == x.columns, "a gate of another shape")
    return normalized(
      x, gateFirst ? SOTTO_CUDA_GATE_FIRST : SOTTO_CUDA_GATE_LAST, gate: gate, weight: weight, bias: nil,
      groupSize: groupSize, epsilon: epsilon, offset: 0)
  }

  /// Layer normalisation of each group of `groupSize` columns.
  public func layerNorm(
    _ x: Tensor, weight: Parameter?, bias: Parameter?, groupSize: Int, epsilon: Float
  ) -> Tensor {
    normalized(
      x, SOTTO_CUDA_LAYER_NORM, gate: nil, weight: weight, bias: bias, groupSize: groupSize, epsilon: epsilon,
      offset: 0)
  }

  func normalized(
    _ x: Tensor, _ kind: sotto_cuda_norm_kind, gate: Tensor?, weight: Parameter?, bias: Parameter?,
    groupSize: Int, epsilon: Float, offset: Float, factor: Float = 1
  ) -> Tensor {
    precondition(groupSize > 0 && x.columns % groupSize == 0, "groups of \(groupSize) in \(x.columns)")
    let perColumn = (weight ?? bias).map { $0.columns != groupSize } ?? false
    let count = perColumn ? x.columns : groupSize
    let (result, y) = make(rows: x.rows, columns: x.columns)
    let call = sotto_cuda_normalization(
      x: rows(of: x), gate: rows(of: gate), weight: weight.map { vector($0, count: count) } ?? 0,
      bias: bias.map { vector($0, count: count) } ?? 0, y: y, kind: Int32(kind.rawValue),
      rows: Int32(x.rows), columns: Int32(x.columns), group: Int32(groupSize), per_column: perColumn ? 1 : 0,
      epsilon: epsilon, offset: offset, factor: factor)
    // Eight numbers a thread.
    let threads = min(1024, max(32, (groupSize / 8 + 31) / 32 * 32))
    launch(.normalization, call, grid: (x.columns / groupSize, x.rows, 1), threads: threads)
    return result
  }
}
