import CKernels

extension CPUBackend {
  /// Root mean square normalisation (arXiv:1910.07467) of each group of `groupSize` columns:
  /// x / sqrt(mean(x²) + epsilon) * (weight + offset). The weight has `groupSize` or `columns` numbers.
  public func rmsNorm(
    _ x: Tensor, weight: Parameter?, groupSize: Int, epsilon: Float, offset: Float
  ) -> Tensor {
    precondition(groupSize > 0 && x.columns % groupSize == 0, "groups of \(groupSize) in \(x.columns)")
    let (result, output) = make(rows: x.rows, columns: x.columns)
    let perColumn = weight.map { $0.columns != groupSize } ?? false
    sotto_rms_norm(
      pool.handle, output, rows(of: x), x.rows, x.columns, groupSize,
      weight.map { vector($0, count: perColumn ? x.columns : groupSize) }, perColumn ? 1 : 0, epsilon, offset)
    return result
  }

  /// Root mean square normalisation of groups, of x * silu(gate) or multiplied by silu(gate). Two passes over a row,
  /// which stays in the L1 cache.
  public func gatedRMSNorm(
    _ x: Tensor, gate: Tensor, weight: Parameter, groupSize: Int, epsilon: Float, gateFirst: Bool
  ) -> Tensor {
    precondition(groupSize > 0 && x.columns % groupSize == 0, "groups of \(groupSize) in \(x.columns)")
    precondition(gate.rows == x.rows && gate.columns == x.columns, "a gate of another shape")
    let (result, output) = make(rows: x.rows, columns: x.columns)
    let perColumn = weight.columns != groupSize
    sotto_gated_rms_norm(
      pool.handle, output, rows(of: x), rows(of: gate), x.rows, x.columns, groupSize,
      vector(weight, count: perColumn ? x.columns : groupSize), perColumn ? 1 : 0, epsilon, gateFirst ? 1 : 0)
    return result
  }

  /// Layer normalisation (arXiv:1607.06450) of each group of `groupSize` columns:
  /// (x - mean) / sqrt(variance + epsilon) * weight + bias.
  public func layerNorm(
    _ x: Tensor, weight: Parameter?, bias: Parameter?, groupSize: Int, epsilon: Float
  ) -> Tensor {
    precondition(groupSize > 0 && x.columns % groupSize == 0, "groups of \(groupSize) in \(x.columns)")
    let (result, output) = make(rows: x.rows, columns: x.columns)
    let perColumn = (weight ?? bias).map { $0.columns != groupSize } ?? false
    let count = perColumn ? x.columns : groupSize
    sotto_layer_norm(
      pool.handle, output, rows(of: x), x.rows, x.columns, groupSize,
      weight.map { vector($0, count: count) }, bias.map { vector($0, count: count) }, perColumn ? 1 : 0,
      epsilon)
    return result
  }

  /// Each row rounded to 255 levels, as BitNet's activations are. Two passes over a row.
  public func roundedRows(_ x: Tensor) -> Tensor {
    let (result, output) = make(rows: x.rows, columns: x.columns)
    sotto_round_rows(pool.handle, output, rows(of: x), x.rows, x.columns)
    return result
  }
}
