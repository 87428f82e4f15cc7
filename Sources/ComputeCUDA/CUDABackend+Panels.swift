import CCUDA
import Compute

// Products of up to 32 rows that are not streamed, in one pass over the matrix: their inputs are rounded before, by the kernel
// that also normalises them if a norm is pending; see linear_panels.cu.
extension CUDABackend {
  /// Whether there is such a product for the layers, by one kernel.
  func hasPanels(_ layers: [sotto_cuda_layer], rows: Int) -> Bool {
    guard precision == .fast, device.streams, (2...PanelPlan.mostRows).contains(rows),
      let first = layers.first?.weight, first.columns % 64 == 0,
      Self.panelKernels[UInt32(first.format)] != nil
    else { return false }
    return layers.allSatisfy {
      $0.weight.format == first.format && $0.weight.columns == first.columns && $0.weight.matrices == 1
    } && (rows > Self.fewRows || streamPlan(layers, rows: rows, entries: nil) == nil)
  }

  /// Runs a product whose layers are set, with the rows of x.
  func runPanels(_ call: sotto_cuda_linear, _ layers: [sotto_cuda_layer], _ x: Tensor) {
    guard let (order, narrow, wide) = Self.panelKernels[UInt32(layers[0].weight.format)] else { return }
    let plan = PanelPlan(rows: x.rows, outputs: Int(call.outputs), blocks: device.multiprocessors)
    let inputs = panels(of: x, order: order)
    defer { withExtendedLifetime(inputs) {} }
    var call = call
    call.halves = inputs.address
    call.stages = Int32(PanelPlan.stages)
    call.stage_rows = Int32(plan.tileOutputs)
    call.column_parts = Int32(plan.parts)
    launch(
      plan.rows > 16 ? wide : narrow, call, grid: (device.multiprocessors, 1, 1), threads: PanelPlan.threads,
      shared: plan.sharedBytes)
  }

  /// The rows of x in panels, which are kept if x is the result of a norm.
  private func panels(of x: Tensor, order: Int32) -> CUDABuffer {
    let norm = x.pending(CUDAPendingNorm.self).flatMap { $0.groupSize == x.columns ? $0 : nil }
    if let kept = norm?.panels, kept.order == order { return kept.buffer }
    let result = take(bytes: PanelPlan.inputBytes(columns: x.columns, rows: x.rows))
    var call = sotto_cuda_panels()
    call.panels = result.address
    call.panel_rows = Int32(PanelPlan.panelRows(x.rows))
    call.columns = Int32(x.columns)
    call.order = order
    if let norm, !norm.isMade {
      let made = take(bytes: x.rows * x.columns * MemoryLayout<Float>.size)
      call.x = rows(of: norm.x)
      call.y = made.address
      call.normalises = 1
      call.epsilon = norm.epsilon
      call.offset = norm.offset
      call.factor = norm.factor
      call.norm_weight = norm.weight.map { vector($0, count: x.columns) } ?? 0
      norm.setMade(made)
    } else {
      call.x = rows(of: x)
    }
    launch(.panels, call, grid: (x.rows, 1, 1), threads: 512)
    norm?.panels = (order, result)
    return result
  }

  /// The order of columns of each format, 0 for bfloat16, and the kernels for up to 16 and up to 32 rows.
  private static let panelKernels: [UInt32: (order: Int32, narrow: CUDAKernel, wide: CUDAKernel)] = [
    SOTTO_CUDA_BYTES.rawValue: (1, .panels16Bytes, .panels32Bytes),
    SOTTO_CUDA_FOURS.rawValue: (2, .panels16Fours, .panels32Fours),
    SOTTO_CUDA_SUPERFOURS.rawValue: (2, .panels16Superfours, .panels32Superfours),
    SOTTO_CUDA_SIXES.rawValue: (2, .panels16Sixes, .panels32Sixes),
    SOTTO_CUDA_AFFINE4.rawValue: (4, .panels16Affine4, .panels32Affine4),
    SOTTO_CUDA_BF16.rawValue: (0, .panels16BF16, .panels32BF16),
    SOTTO_CUDA_F16.rawValue: (1, .panels16F16, .panels32F16),
  ]
}
